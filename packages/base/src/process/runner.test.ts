import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("a program that ignores the polite signal is killed", async () => {
  const stop = new AbortController();
  const started = performance.now();

  const running = processRunner("sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"], {
    env,
    signal: stop.signal,
    onLine: () => stop.abort(),
  });

  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(performance.now() - started).toBeGreaterThan(1_900);
});

test("the signal that ended a program is told, and is no exit status that counts as success", async () => {
  const running = processRunner("sh", ["-c", "kill -KILL $$"], { env, okExitCodes: [0, 128] });

  await expect(running).rejects.toThrow(/ended with SIGKILL/);
});

test("a file that is no program cannot be started, and the reason is told", async () => {
  await expect(processRunner("/dev/null", [], { env })).rejects.toThrow("/dev/null: not started (EACCES)");
});

test("what still runs ends when this program ends by an error", async () => {
  const folder = await mkdtemp(join(tmpdir(), "r2s-runner-"));
  const note = join(folder, "note");
  const sleeper = `trap "echo ended >${note}; exit" TERM; echo ready; while :; do sleep 0.05; done`;
  const script = `
    import { processRunner } from ${JSON.stringify(new URL("runner.ts", import.meta.url).href)};
    const onLine = () => { throw new Error("broken"); };
    void processRunner("sh", ["-c", ${JSON.stringify(sleeper)}], { env: { PATH: process.env.PATH }, onLine });
  `;

  await processRunner(process.execPath, ["--input-type=module", "-e", script], { env, okExitCodes: [1] });

  await expect.poll(() => readFile(note, "utf8").catch(() => ""), { timeout: 10_000 }).toBe("ended\n");
  await rm(folder, { recursive: true });
});
