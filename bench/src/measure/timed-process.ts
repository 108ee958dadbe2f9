import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

/** How a measured program is started. */
export interface TimedProcessOptions {
  readonly cwd?: string;
  /** Variables added to those of the bench. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Exit statuses that count as success; `[0]` when left out. */
  readonly okExitCodes?: readonly number[];
}

/** What one run of a program cost. */
export interface TimedProcess {
  readonly wallSeconds: number;
  /**
   * Largest sum of the resident high-water marks of the program and its descendants, in bytes.
   * Sampled every 20 ms from /proc: what a process gains after its last sample is not seen.
   */
  readonly peakRssBytes: number;
  readonly exitCode: number;
  readonly stdout: string;
}

const sampleEveryMs = 20;
const shownErrorBytes = 4_000;

/**
 * Runs a program to its end and measures it as its user sees it: start, work and exit.
 * @throws Error with the end of its stderr when the exit status is not an expected one
 */
export async function runTimed(
  command: string,
  args: readonly string[],
  options: TimedProcessOptions = {},
): Promise<TimedProcess> {
  const started = performance.now();
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    signal: options.signal,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stdout: string[] = [];
  let errorTail = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => stdout.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errorTail = (errorTail + chunk).slice(-shownErrorBytes);
  });
  const memory = watchMemory(child.pid);
  let wallSeconds = Number.NaN;
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", () => (wallSeconds = (performance.now() - started) / 1000));
      child.on("close", (code) => resolve(code ?? -1));
    });
    if (!(options.okExitCodes ?? [0]).includes(exitCode)) {
      throw new Error(`${[command, ...args].join(" ")}: ended with status ${exitCode}: ${errorTail.trim()}`);
    }
    return { wallSeconds, peakRssBytes: memory.peakBytes(), exitCode, stdout: stdout.join("") };
  } finally {
    memory.stop();
  }
}

interface MemoryWatch {
  peakBytes(): number;
  stop(): void;
}

function watchMemory(pid: number | undefined): MemoryWatch {
  let peak = 0;
  let isSampling = false;
  const sample = async (): Promise<void> => {
    if (pid === undefined || isSampling) return;
    isSampling = true;
    peak = Math.max(peak, await treeHighWaterBytes(pid));
    isSampling = false;
  };
  const timer = setInterval(() => void sample(), sampleEveryMs);
  return { peakBytes: () => peak, stop: () => clearInterval(timer) };
}

async function treeHighWaterBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => ""); // the process may have ended
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const own = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  const below = await Promise.all(children.split(" ").filter(Boolean).map(Number).map(treeHighWaterBytes));
  return below.reduce((sum, bytes) => sum + bytes, own);
}
