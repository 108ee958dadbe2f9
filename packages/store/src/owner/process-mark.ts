import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { errnoOf, sha256Hex } from "@repo2singularity/base";

/**
 * The name of a process for other processes that share a store, perhaps from another host:
 * `PLACE-PID-START`. PLACE stands for one boot of one host and one PID namespace, so that a number is never
 * looked up where it means another process; START (clock ticks since boot) tells a reused number.
 */
export interface ProcessMark {
  readonly place: string;
  readonly pid: number;
  readonly start: string;
}

const markPattern = /^(?<place>[0-9a-f]{12})-(?<pid>\d+)-(?<start>\d+)(?:-|$)/;

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { place: ownPlace(), pid: process.pid, start: statusOf(process.pid)?.start ?? "0" };
}

/** The mark as the beginning of a file name. */
export function formatMark(mark: ProcessMark): string {
  return `${mark.place}-${mark.pid}-${mark.start}`;
}

/** A fresh file name that tells whose it is. */
export function freshName(mark: ProcessMark): string {
  return `${formatMark(mark)}-${randomBytes(6).toString("hex")}`;
}

/** The mark at the beginning of a file name; undefined for a name that has none. */
export function tryParseMark(name: string): ProcessMark | undefined {
  const groups = markPattern.exec(name)?.groups;
  const { place, pid, start } = groups ?? {};
  if (place === undefined || pid === undefined || start === undefined) return undefined;
  return { place, pid: Number(pid), start };
}

/**
 * Whether the process of a mark still runs.
 * @returns `unknown` when it ran on another host, before the last boot, or in another container
 */
export function fateOf(mark: ProcessMark): "alive" | "dead" | "unknown" {
  if (mark.place !== ownPlace()) return "unknown";
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    // EPERM: there is one, of another user
    return errnoOf(error) === "EPERM" ? "alive" : "dead";
  }
  const status = statusOf(mark.pid);
  if (status === undefined || mark.start === "0") return "alive";
  return status.start === mark.start && status.state !== "Z" ? "alive" : "dead";
}

function ownPlace(): string {
  const bootId = orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const pidNamespace = orEmpty(() => readlinkSync("/proc/self/ns/pid"));
  return sha256Hex(`${hostname()}\n${bootId}\n${pidNamespace}`).slice(0, 12);
}

function statusOf(pid: number): { readonly state: string; readonly start: string } | undefined {
  const text = orEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // the second field is the program's name in parentheses and may hold anything, even parentheses
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

/** What /proc says, or nothing on systems without it. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
