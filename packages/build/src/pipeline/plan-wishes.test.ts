import { memoryTree } from "@repo2singularity/recipe";
import { describe, expect, test } from "vitest";
import { type AskedWishes, type PlanWishes, readWishes } from "./plan-wishes.ts";

const nowMs = Date.parse("2025-03-01T12:00:00Z");
const commitTimeSeconds = Date.parse("2024-05-01T23:30:00+02:00") / 1000;

function wishes(
  text: string | undefined,
  asked: AskedWishes = {},
  checkout: { readonly commitTimeSeconds: number | undefined } = { commitTimeSeconds },
): Promise<PlanWishes> {
  const tree = memoryTree(text === undefined ? { "a.txt": "" } : { "repo2singularity.yaml": text });
  return readWishes(tree, asked, { checkout, nowMs });
}

describe("the base of a plan", () => {
  test.each<[string, string | undefined, AskedWishes, string]>([
    ["nobody asks", undefined, {}, "auto"],
    ["the machine's configuration asks", undefined, { defaultBase: "debootstrap:trixie" }, "debootstrap:trixie"],
    ["the own file goes before the configuration", "base: docker://x\n", { defaultBase: "./y.sif" }, "docker://x"],
    ["the command line goes before both", "base: docker://x\n", { base: "./z.sif", defaultBase: "./y" }, "./z.sif"],
    ["a day makes it a dated one", "date: 2024-05-01\n", {}, "debootstrap:bookworm@2024-05-01"],
    ["a day leaves a path alone", undefined, { base: "./z.sif", date: "2024-05-01" }, "./z.sif"],
  ])("%s", async (_name, text, asked, base) => {
    expect((await wishes(text, asked)).base).toBe(base);
  });

  test("the plan says when the own file names it, and when that is passed over", async () => {
    expect((await wishes("base: docker://x\n")).baseDecisions[0]).toMatchObject({ outcome: "chosen" });
    expect((await wishes("base: docker://x\n", { base: "auto" })).baseDecisions[0]).toMatchObject({
      subject: "repo2singularity.yaml: base",
      outcome: "ignored",
    });
  });
});

describe("the day of a plan", () => {
  test("the command line goes before the own file", async () => {
    expect((await wishes("date: 2024-05-01\n")).date).toEqual({ day: "2024-05-01", from: "repo2singularity.yaml" });
    expect((await wishes("date: 2024-05-01\n", { date: "2024-06-01" })).date).toEqual({
      day: "2024-06-01",
      from: "--date",
    });
  });

  test("commit is the commit's day in UTC, wherever it was made", async () => {
    expect((await wishes(undefined, { date: "commit" })).date?.day).toBe("2024-05-01");
  });

  test.each(["2024-02-31", "yesterday", "2024-5-1", "2025-03-02", "", "2024-05-01T00:00:00Z"])(
    "%j is refused as usage",
    async (date) => {
      await expect(wishes(undefined, { date })).rejects.toMatchObject({ code: "E_USAGE" });
    },
  );

  test("the day of today is taken", async () => {
    expect((await wishes(undefined, { date: "2025-03-01" })).date?.day).toBe("2025-03-01");
  });

  test("a source without commits has no day of the commit", async () => {
    await expect(wishes("date: commit\n", {}, { commitTimeSeconds: undefined })).rejects.toThrow(
      /^repo2singularity\.yaml asks for the day of the commit, and the source has none/,
    );
  });
});
