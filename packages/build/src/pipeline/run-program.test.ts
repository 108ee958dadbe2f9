import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { StepTree } from "../executor/port.ts";
import { runProgram } from "./run-program.ts";

/** A tree whose programs print a line and fail. */
function failingTree(line: string): StepTree {
  return {
    run: ({ onLine }) => {
      onLine?.(line, "stderr");
      return Promise.resolve({ exitCode: 1 });
    },
    upper: () => Promise.resolve(""),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const program = { title: "Get data", argv: ["get"], env: {}, cwd: "/", network: false, onLine: () => {} };

test("a program that says that the disk is full failed for it", async () => {
  const running = runProgram(failingTree("write: No space left on device"), { ...program, diskFolder: tmpdir() });

  await expect(running).rejects.toMatchObject({ code: "E_NO_SPACE", message: expect.stringContaining("Get data") });
});

test("a program that says nothing failed for a full disk when its disk is full", async () => {
  const full = "/proc"; // a file system that never has a free block

  await expect(runProgram(failingTree("oh"), { ...program, diskFolder: full })).rejects.toMatchObject({
    code: "E_NO_SPACE",
  });
  await expect(runProgram(failingTree("oh"), { ...program, diskFolder: tmpdir() })).rejects.toMatchObject({
    code: "E_STEP_FAILED",
    data: { lastLines: ["oh"] },
  });
});
