import { statfs } from "node:fs/promises";
import { AppError, printable } from "@repo2singularity/base";
import { processLimit } from "../native/programs/enter.ts";
import type { StepCommand, StepTree } from "../executor/port.ts";
import type { StepProxy } from "../network/step-proxy.ts";

/** A program of a step, and how its output is told. */
export interface StepProgram extends Omit<StepCommand, "onLine"> {
  readonly title: string;
  readonly onLine: (line: string) => void;
  /** A folder on the disk that the program writes to; looked at for free space when the program fails. */
  readonly diskFolder?: string;
  /** The proxy that is the program's way to the network, if it has one. */
  readonly wayOut?: Pick<StepProxy, "takeRefused"> | undefined;
  /** A line as it may be shown; as it is when left out. */
  readonly shownLine?: (line: string) => string;
}

/** Lines of output that an error about a failed step carries. */
const keptLines = 40;

/** How programs say that a disk or quota is full. Source: strerror(3). */
const diskFull = /No space left on device|Disk quota exceeded/;

/** How shells and programs say that they may not start another process. Source: strerror(3), EAGAIN of fork(2) */
const noProcess =
  /(?:fork|clone|spawn|pthread_create).*(?:Resource temporarily unavailable|EAGAIN)|[Cc]an(?:no|')t fork/;

/** How programs say that they looked for a network without the proxy. Source: gai_strerror(3), strerror(3), curl, busybox */
const noNetwork =
  /Could not resolve|name resolution|Name or service not known|Network is (?:unreachable|down)|bad address|ENETUNREACH|EAI_AGAIN/;

/** With less than this free, in bytes, a program is taken to have failed for it: many do not say why they fail. */
const leastFreeBytes = 2 ** 20;

/**
 * Runs a program in a tree.
 * @throws E_STEP_FAILED with the last lines of its output when it ends with a status other than 0; E_NO_SPACE; E_STEP_TIMEOUT
 */
export async function runProgram(tree: StepTree, program: StepProgram): Promise<void> {
  const { title, onLine, shownLine, diskFolder, wayOut, ...command } = program;
  const lastLines: string[] = [];
  const result = await tree.run({
    ...command,
    onLine: (text) => {
      const line = printable(shownLine === undefined ? text : shownLine(text));
      onLine(line);
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
    },
  });
  const refused = wayOut?.takeRefused() ?? [];
  for (const text of refused) onLine(`refused: ${printable(text)}`);
  if (result.exitCode === 0) return;
  const data = { step: title, exitCode: result.exitCode, lastLines, ...(refused.length > 0 && { refused }) };
  if (lastLines.some((line) => diskFull.test(line)) || (await isDiskFull(diskFolder))) {
    throw new AppError("E_NO_SPACE", `the step "${title}" found no space left on the disk of the cache`, {
      data,
      hint: "free space with repo2singularity cache prune, or set --cache-dir to a larger disk",
    });
  }
  throw new AppError("E_STEP_FAILED", `the step "${title}" ended with status ${result.exitCode}`, {
    data,
    hint: failureHint(lastLines, refused, wayOut !== undefined),
  });
}

function failureHint(lastLines: readonly string[], refused: readonly string[], hasWayOut: boolean): string {
  if (refused.length > 0) {
    return `the step asked for what steps may not reach: ${refused.join("; ")}. --network host gives steps this machine's network`;
  }
  if (lastLines.some((line) => noProcess.test(line))) {
    return `a step may have ${processLimit} processes and threads at a time: let it start fewer of them`;
  }
  if (hasWayOut && lastLines.some((line) => noNetwork.test(line))) {
    return "steps reach the network by HTTP and HTTPS through the proxy in their variables alone; --network host gives them this machine's network";
  }
  return "mend what its last lines say; --debug shows all of its output";
}

async function isDiskFull(folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  const { bavail, bsize, ffree, files } = await statfs(folder);
  return bavail * bsize < leastFreeBytes || (files > 0 && ffree === 0); // some file systems count no inodes
}
