import type { Readable } from "node:stream";
import { checkEnd } from "./check-end.ts";
import { startProcess } from "./start-process.ts";
import { Tail } from "./tail.ts";

/** How a program is run. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment of the program: nothing is inherited unless it stands here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Milliseconds after which the program is killed and the call fails with E_PROCESS_TIMEOUT. */
  readonly timeoutMs?: number;
  /** What an abort or time limit sends; `SIGTERM`, and `SIGKILL` 2 s later, when left out. */
  readonly killSignal?: "SIGTERM" | "SIGKILL";
  /** Text or bytes for standard input; nothing (an empty input) when left out. */
  readonly input?: string | Uint8Array | Readable;
  /** Called with every complete line of output as it comes, without its line end. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /**
   * Whether what the program started and left running ends with it when it is aborted or out of time (git's transport
   * helpers hold its output open otherwise). It then runs in a process group of its own, which Ctrl-C does not reach:
   * give a `signal`.
   */
  readonly endsDescendants?: boolean;
  /** Exit statuses that are no failure; `[0]` when left out. */
  readonly okExitCodes?: readonly number[];
}

/** What a program left behind. */
export interface ProcessResult {
  readonly exitCode: number;
  /** At most the last 16 MiB. */
  readonly stdout: string;
  /** At most the last 64 KiB. */
  readonly stderr: string;
}

/**
 * The port through which every room runs programs: arguments are an array, never a shell line.
 *
 * @throws E_PROCESS_NOT_FOUND when the program is not on the PATH of `env`
 * @throws E_PROCESS_FAILED with `data.exitCode` and `data.stderr` on any other exit status
 * @throws E_PROCESS_TIMEOUT after `timeoutMs`
 */
export type ProcessRunner = (
  command: string,
  args: readonly string[],
  options: ProcessOptions,
) => Promise<ProcessResult>;

const stdoutLimit = 16 * 2 ** 20;
const stderrLimit = 64 * 2 ** 10;

/**
 * Runs programs of this host. On Node's own `child_process`: loading a library for it took as long as the four git
 * processes of a plan together (docs/adr/0009).
 */
export const processRunner: ProcessRunner = async (command, args, options) => {
  options.signal?.throwIfAborted();
  const stdout = new Tail(stdoutLimit);
  const stderr = new Tail(stderrLimit);
  const { child, end } = startProcess(command, args, { ...options, hasInput: options.input !== undefined });
  follow(child.stdout, stdout, "stdout", options.onLine);
  follow(child.stderr, stderr, "stderr", options.onLine);
  if (options.input !== undefined && child.stdin !== null) feed(child.stdin, options.input);
  const exitCode = checkEnd(await end, { ...options, command, args, stderr: stderr.text() });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
};

function follow(
  stream: Readable | null,
  tail: Tail,
  name: "stdout" | "stderr",
  onLine: ProcessOptions["onLine"],
): void {
  if (stream === null) return;
  let open = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    tail.push(chunk);
    if (onLine === undefined) return;
    const lines = (open + chunk).split(/\r?\n/);
    open = lines.pop() ?? "";
    for (const line of lines) onLine(line, name);
  });
  stream.on("end", () => {
    if (open !== "") onLine?.(open, name);
  });
}

function feed(stdin: NodeJS.WritableStream, input: string | Uint8Array | Readable): void {
  stdin.on("error", () => {}); // a program that ends without reading its input is no error of ours
  if (typeof input === "string" || input instanceof Uint8Array) stdin.end(input);
  else input.pipe(stdin);
}
