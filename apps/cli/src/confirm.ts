import type { HostIo } from "./host-io.ts";

/** Asks for a yes on standard input. @returns false for any other answer, and when there is none to be had */
export async function confirm(io: HostIo, question: string): Promise<boolean> {
  const { stdin } = io;
  if (stdin === undefined) return false;
  io.stderr.write(`${question} [y/N] `);
  let text = "";
  for await (const chunk of stdin) {
    io.signal.throwIfAborted();
    text += Buffer.from(chunk).toString("utf8");
    if (text.includes("\n") || text.length > limitLength) break;
  }
  return /^\s*y(?:es)?\s*$/i.test(text.split("\n")[0] ?? "");
}

/** More than any answer. */
const limitLength = 1024;
