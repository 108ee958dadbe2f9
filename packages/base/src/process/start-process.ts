import { spawn, type ChildProcess } from "node:child_process";

/** How a process is started and ended; `ProcessOptions` tells more. */
export interface StartOptions {
  readonly cwd?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly killSignal?: "SIGTERM" | "SIGKILL" | undefined;
  readonly endsDescendants?: boolean | undefined;
  /** Whether standard input is a pipe; else it is empty. */
  readonly hasInput: boolean;
}

/** How a process ended. */
export interface ProcessEnd {
  /** Undefined when a signal ended it, and when it never ran. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Who wanted its end. */
  readonly by: "itself" | "abort" | "timeout";
  /** The system's name of why it could not be started, such as `ENOENT`. */
  readonly startFailure: string | undefined;
}

/** A process and its end, which comes when its output is closed as well. */
export interface StartedProcess {
  readonly child: ChildProcess;
  readonly end: Promise<ProcessEnd>;
}

/** Milliseconds between `SIGTERM` and `SIGKILL`. */
const graceMs = 2_000;

/** Starts a program and watches over it: `end` never fails. */
export function startProcess(command: string, args: readonly string[], options: StartOptions): StartedProcess {
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: options.endsDescendants ?? false, // a process group of its own, which can be ended as one
    stdio: [options.hasInput ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const kill = (signal: NodeJS.Signals): void => sendSignal(child, signal, options.endsDescendants ?? false);
  return { child, end: watch(child, kill, options) };
}

function watch(
  child: ChildProcess,
  kill: (signal: NodeJS.Signals) => void,
  options: StartOptions,
): Promise<ProcessEnd> {
  let by: ProcessEnd["by"] = "itself";
  let startFailure: string | undefined;
  const timers: NodeJS.Timeout[] = [];
  const stop = (reason: ProcessEnd["by"]): void => {
    if (by !== "itself") return;
    by = reason;
    kill(options.killSignal ?? "SIGTERM");
    timers.push(setTimeout(kill, graceMs, "SIGKILL"));
  };
  const onAbort = (): void => stop("abort");
  options.signal?.addEventListener("abort", onAbort, { once: true });
  if (options.timeoutMs !== undefined) timers.push(setTimeout(stop, options.timeoutMs, "timeout"));
  const killNow = (): void => kill("SIGTERM");
  endWithUs(killNow);
  return new Promise((resolve) => {
    child.on("error", (error: NodeJS.ErrnoException) => (startFailure = error.code ?? error.message));
    child.on("close", (code, signal) => {
      options.signal?.removeEventListener("abort", onAbort);
      for (const timer of timers) clearTimeout(timer);
      running.delete(killNow);
      const exitCode = startFailure === undefined ? (code ?? undefined) : undefined;
      resolve({ exitCode, signal: signal ?? undefined, by, startFailure });
    });
  });
}

function sendSignal(child: ChildProcess, signal: NodeJS.Signals, toGroup: boolean): void {
  if (child.pid === undefined) return; // it never ran
  try {
    if (toGroup) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    child.kill(signal); // the group is gone, or not ours any more
  }
}

/** What ends the processes that run at the moment. */
const running = new Set<() => void>();
let isListening = false;

/** A program that ends by an error of its own leaves nothing running. */
function endWithUs(kill: () => void): void {
  running.add(kill);
  if (isListening) return;
  isListening = true;
  process.on("exit", () => {
    for (const end of running) end();
  });
}
