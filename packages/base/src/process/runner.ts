import type { Readable } from "node:stream";
import type { Options } from "execa";
import { AppError } from "../errors/app-error.ts";
import { redactText } from "../redaction.ts";

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

const stdoutLimitBytes = 16 * 2 ** 20;
const stderrLimitBytes = 64 * 2 ** 10;

/** Keeps the last bytes of a stream of text chunks. */
class Tail {
  readonly #limit: number;
  #chunks: string[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: string): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length > 2 * this.#limit) {
      this.#chunks = [this.text()];
      this.#length = this.#chunks[0]?.length ?? 0;
    }
  }

  text(): string {
    return this.#chunks.join("").slice(-this.#limit);
  }
}

/** Runs programs of this host with execa, which is loaded on first use because it takes 100 ms. */
export const processRunner: ProcessRunner = async (command, args, options) => {
  const { execa } = await import("execa");
  options.signal?.throwIfAborted();
  const stdout = new Tail(stdoutLimitBytes);
  const stderr = new Tail(stderrLimitBytes);
  const execaOptions = {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    ...(options.killSignal === undefined ? {} : { killSignal: options.killSignal }),
    env: Object.fromEntries(Object.entries(options.env).filter(([, value]) => value !== undefined)),
    extendEnv: false,
    killDescendants: options.endsDescendants ?? false,
    buffer: false,
    reject: false,
    stdin: options.input === undefined ? ("ignore" as const) : ("pipe" as const),
    forceKillAfterDelay: 2_000,
  } satisfies Options;
  const child = execa(command, [...args], execaOptions);
  follow(child.stdout, stdout, "stdout", options.onLine);
  follow(child.stderr, stderr, "stderr", options.onLine);
  if (options.input !== undefined && child.stdin !== null) feed(child.stdin, options.input);
  const result = await child;

  if (result.isCanceled) throw options.signal?.reason ?? new DOMException("aborted", "AbortError");
  const shown = redactText([command, ...args].join(" ")).slice(0, 400);
  if (result.timedOut) {
    throw new AppError("E_PROCESS_TIMEOUT", `${shown}: not finished after ${options.timeoutMs} ms`);
  }
  if (result.code === "ENOENT") {
    throw new AppError("E_PROCESS_NOT_FOUND", `${command} is not installed or not on the PATH`, {
      data: { command },
    });
  }
  const exitCode = result.exitCode ?? (result.signal === undefined ? -1 : 128);
  if (!(options.okExitCodes ?? [0]).includes(exitCode)) {
    const tail = redactText(stderr.text());
    throw new AppError(
      "E_PROCESS_FAILED",
      `${shown}: ended with ${result.signal ?? `status ${exitCode}`}${tail === "" ? "" : `: ${lastLine(tail)}`}`,
      // execa's own error is no cause of ours: it holds the whole environment, secrets among it
      { data: { exitCode, signal: result.signal, stderr: tail } },
    );
  }
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

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
