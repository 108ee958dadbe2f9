import { readFile, writeFile } from "node:fs/promises";

/** What a running process holds in memory, in bytes. */
export interface ResidentMemory {
  readonly nowBytes: number;
  /** The largest since the start, or since {@link resetPeak}. */
  readonly peakBytes: number;
}

/** Reads what the kernel says of a process. Source: proc_pid_status(5) */
export async function readResidentMemory(pid: number): Promise<ResidentMemory> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { nowBytes: field("VmRSS"), peakBytes: field("VmHWM") };
}

/** Begins the peak of a process of this user anew. Source: proc_pid_clear_refs(5) */
export async function resetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}
