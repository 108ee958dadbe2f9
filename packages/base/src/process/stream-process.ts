import { checkEnd } from "./check-end.ts";
import type { ProcessOptions } from "./runner.ts";
import { startProcess } from "./start-process.ts";
import { Tail } from "./tail.ts";

/**
 * The port through which rooms read programs whose output is too long to be held: its bytes as they come.
 * A caller that stops early ends the program.
 * Memory: the chunk in hand, and the last 64 KiB of standard error.
 *
 * @throws after the last byte what `ProcessRunner` throws: bytes count only when the program ended well
 */
export type ProcessStreamer = (
  command: string,
  args: readonly string[],
  options: Pick<ProcessOptions, "cwd" | "env" | "signal">,
) => AsyncGenerator<Uint8Array, void, undefined>;

const stderrLimit = 64 * 2 ** 10;

/** Streams from programs of this host. */
export const processStreamer: ProcessStreamer = async function* (command, args, options) {
  options.signal?.throwIfAborted();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const stderr = new Tail(stderrLimit);
  const { child, end } = startProcess(command, args, { ...options, signal, hasInput: false });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => stderr.push(chunk));
  try {
    for await (const chunk of child.stdout ?? []) yield chunk as Uint8Array; // without an encoding chunks are bytes
    checkEnd(await end, { command, args, stderr: stderr.text(), ...options });
  } finally {
    stop.abort();
    await end;
  }
};
