import type { HostIo } from "./host-io.ts";

/** More than any token or passphrase. */
const limitBytes = 65_536;

/**
 * Reads one line from standard input; on a terminal it is asked for and not shown.
 * @param question shown on a terminal
 */
export async function readSecretLine(io: HostIo, question: string): Promise<string> {
  const { stdin } = io;
  if (stdin === undefined) return "";
  const isTerminal = stdin.isTTY === true;
  if (isTerminal) {
    io.stderr.write(question);
    stdin.setRawMode?.(true);
  }
  let text = "";
  try {
    for await (const chunk of stdin) {
      io.signal.throwIfAborted();
      for (const character of Buffer.from(chunk).toString("utf8")) {
        if (character === "\n" || character === "\r" || character === endOfInput) return text;
        if (character === interrupt) throw new DOMException("interrupted by Ctrl-C", "AbortError");
        text = character === backspace ? text.slice(0, -1) : text + character;
      }
      if (text.length > limitBytes) break;
    }
    return text;
  } finally {
    if (isTerminal) {
      stdin.setRawMode?.(false);
      io.stderr.write("\n");
    }
  }
}

// what a terminal sends when it hands on every key
const interrupt = "\u0003";
const endOfInput = "\u0004";
const backspace = "\u007f";
