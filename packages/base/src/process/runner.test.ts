import { expect, test } from "vitest";
import { isAppError } from "../errors/app-error.ts";
import { processRunner } from "./runner.ts";

const env = { PATH: process.env["PATH"] };

test("gives output and hands every line on as it comes", async () => {
  const lines: string[] = [];

  const result = await processRunner("sh", ["-c", "echo one; echo two >&2; printf three"], {
    env,
    onLine: (line, stream) => lines.push(`${stream}:${line}`),
  });

  expect(result.stdout).toBe("one\nthree");
  expect(lines.toSorted()).toEqual(["stderr:two", "stdout:one", "stdout:three"]);
});

test("a failing program is an error with its status and its last lines", async () => {
  const failure = await processRunner("sh", ["-c", "echo broken >&2; exit 7"], { env }).catch(
    (error: unknown) => error,
  );

  expect(isAppError(failure, "E_PROCESS_FAILED")).toBe(true);
  expect((failure as Error).message).toContain("broken");
  expect(failure).toMatchObject({ data: { exitCode: 7, stderr: "broken\n" } });
});

test("an unknown program is told apart from a failing one", async () => {
  await expect(processRunner("no-such-program-here", [], { env })).rejects.toMatchObject({
    code: "E_PROCESS_NOT_FOUND",
  });
});

test("nothing of the caller's environment reaches the program", async () => {
  process.env["R2S_TEST_LEAK"] = "leaked";

  const result = await processRunner("env", [], { env: { ...env, ONLY: "this" } });

  expect(result.stdout).toContain("ONLY=this");
  expect(result.stdout).not.toContain("R2S_TEST_LEAK");
});

test("an abort passes through with the caller's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("the user left");
  const running = processRunner("sleep", ["30"], { env, signal: controller.signal });

  controller.abort(reason);

  await expect(running).rejects.toBe(reason);
});

test("a time limit ends the program", async () => {
  await expect(processRunner("sleep", ["30"], { env, timeoutMs: 50 })).rejects.toMatchObject({
    code: "E_PROCESS_TIMEOUT",
  });
});

test("input reaches the program", async () => {
  const result = await processRunner("cat", [], { env, input: "hello" });

  expect(result.stdout).toBe("hello");
});

test("what an aborted program started ends with it", async () => {
  const stop = new AbortController();
  const started = performance.now();

  const running = processRunner("sh", ["-c", "sleep 30 & echo ready; wait"], {
    env,
    signal: stop.signal,
    endsDescendants: true,
    onLine: () => stop.abort(),
  });

  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(performance.now() - started).toBeLessThan(20_000); // the sleep holds the output open as long as it lives
});
