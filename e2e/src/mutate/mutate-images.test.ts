import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { runMutations } from "./run-mutations.ts";

test("1,500 damaged tar, squashfs and SIF files end with coded errors, in time, inside their folder", async () => {
  const result = await runMutations({ count: 1500, randomSeed: 20_260_101, scratch: tmpdir(), timeLimitMs: 20_000 });

  expect(result.failures).toEqual([]);
  expect(result.mostMemoryBytes).toBeLessThan(700 * 2 ** 20);
  expect([...result.outcomes.keys()].map((outcome) => outcome.split(" ")[0])).toEqual(
    expect.arrayContaining(["tar", "squashfs", "sif"]),
  );
});
