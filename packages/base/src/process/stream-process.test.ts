import { expect, test } from "vitest";
import { processStreamer } from "./stream-process.ts";

const env = { PATH: process.env["PATH"] };

async function byteCount(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const chunk of stream) count += chunk.length;
  return count;
}

test("gives every byte of a long output", async () => {
  expect(await byteCount(processStreamer("head", ["-c", "30000000", "/dev/zero"], { env }))).toBe(30_000_000);
});

test("a program that fails after its last byte is an error with its last lines", async () => {
  const stream = processStreamer("sh", ["-c", "echo some; echo broken >&2; exit 7"], { env });

  await expect(byteCount(stream)).rejects.toMatchObject({ code: "E_PROCESS_FAILED", data: { exitCode: 7 } });
});

test("a program that is not there is told", async () => {
  const stream = processStreamer("no-such-program-here", [], { env });

  await expect(byteCount(stream)).rejects.toMatchObject({ code: "E_PROCESS_NOT_FOUND" });
});

test("a reader that stops early ends the program", async () => {
  const started = performance.now();

  for await (const chunk of processStreamer("sh", ["-c", "echo ready; exec sleep 30"], { env })) {
    expect(Buffer.from(chunk).toString()).toBe("ready\n");
    break;
  }

  expect(performance.now() - started).toBeLessThan(10_000);
});

test("an abort ends the program and passes through with the caller's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("the user left");
  const reading = byteCount(processStreamer("sleep", ["30"], { env, signal: controller.signal }));

  controller.abort(reason);

  await expect(reading).rejects.toBe(reason);
});
