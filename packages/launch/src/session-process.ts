import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { AppError } from "@repo2singularity/base";
import type { SessionCommand } from "./runtime/port.ts";

/** Calls a listener for every signal that the program itself gets, until the returned function is called. */
export type SignalSource = (listener: (signal: NodeJS.Signals) => void) => () => void;

/** How a session's process is tied to this one. */
export interface SessionProcessOptions {
  /** `terminal`: it has this program's three streams. `lines`: its output comes line by line, it has no input. */
  readonly streams: "terminal" | "lines";
  readonly cwd: string;
  readonly onLine?: (line: string) => void;
  readonly signals?: SignalSource;
  /** Ends the session: SIGTERM, and after `graceMs` SIGKILL. */
  readonly signal?: AbortSignal;
  /** Milliseconds that a session gets to end in; 15,000 when left out. */
  readonly graceMs?: number;
}

/** A session that runs. */
export interface SessionProcess {
  /** Its exit status, 128 + N when signal N ended it; rejects with E_RUNTIME_UNAVAILABLE when it cannot start. */
  readonly ended: Promise<number>;
  isRunning(): boolean;
  /** Its last lines, for `streams: "lines"`; at most 40. */
  lastLines(): readonly string[];
  /** Asks it to end. */
  stop(): void;
}

const keptLineCount = 40;

/**
 * Starts a session. Without a terminal it gets a process group of its own, so that Ctrl-C reaches it once, from us.
 */
export function startSessionProcess(command: SessionCommand, options: SessionProcessOptions): SessionProcess {
  const ownGroup = options.streams === "lines";
  const child = spawn(command.file, [...command.args], {
    cwd: options.cwd,
    env: { ...command.env },
    stdio: ownGroup ? ["ignore", "pipe", "pipe"] : "inherit",
    detached: ownGroup,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > keptLineCount) lines.shift();
      options.onLine?.(line);
    });
  }
  const stop = createStopper(child, ownGroup, options.graceMs ?? 15_000);
  const release = options.signals?.((signal) => {
    // On a terminal the whole foreground group has it already.
    if (ownGroup || signal !== "SIGINT") child.kill(signal);
  });
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted === true) stop();
  const ended = exitOf(child, command.file).finally(() => {
    release?.();
    options.signal?.removeEventListener("abort", stop);
  });
  ended.catch(() => {}); // whoever waits sees it; nobody waiting is no crash
  return {
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    lastLines: () => [...lines],
    stop,
  };
}

function createStopper(child: ChildProcess, ownGroup: boolean, graceMs: number): () => void {
  let isAsked = false;
  return () => {
    if (isAsked || child.pid === undefined) return;
    isAsked = true;
    const { pid } = child;
    child.kill("SIGTERM");
    const timer = setTimeout(() => {
      try {
        process.kill(ownGroup ? -pid : pid, "SIGKILL");
      } catch {
        // it ended in the meantime
      }
    }, graceMs);
    child.once("exit", () => clearTimeout(timer));
  };
}

function exitOf(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      reject(new AppError("E_RUNTIME_UNAVAILABLE", `${file} cannot be started: ${cause.message}`, { cause }));
    });
    child.once("close", (status, signal) => {
      resolve(status ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
