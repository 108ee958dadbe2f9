import { AppError, processRunner } from "@repo2singularity/base";
import { openRegistryTransport } from "@repo2singularity/registry";
import {
  type CheckReport,
  checkTree,
  formatEntry,
  formatIssue,
  readRegistryTree,
  type RegistryIssue,
  verifyElsewhere,
} from "@repo2singularity/registry/static";
import { loadConfig } from "../config/load-config.ts";
import type { HostIo } from "../host-io.ts";
import { hostNetwork } from "../host-network.ts";
import { type FolderFlags, registryFolder } from "../static-registry/registry-folder.ts";

/** Options of `registry check`. */
export interface CheckFlags extends FolderFlags {
  readonly against?: string;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** `registry check`: what is wrong, and what a build would do. @returns 1 when something is wrong */
export async function checkRegistry(flags: CheckFlags, io: HostIo): Promise<number> {
  const root = registryFolder(flags, io);
  const changed = flags.against === undefined ? undefined : await changedFiles(root, flags.against, io);
  const report = checkTree(await readRegistryTree(root), changed);
  const issues = [...report.issues, ...(flags.verify === true ? await verifyAll(report, io) : [])];
  const elsewhere = report.elsewhere.map(formatEntry);
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify({ issues, toBuild: report.toBuild, elsewhere }, undefined, 2)}\n`);
  } else {
    for (const issue of issues) io.stdout.write(`${formatIssue(issue)}\n`);
    for (const entry of report.toBuild) io.stdout.write(`to build: ${entry}\n`);
    for (const entry of elsewhere) io.stdout.write(`built elsewhere: ${entry}\n`);
    io.stdout.write(`${issues.length === 0 ? "nothing is wrong" : `${issues.length} to mend`}\n`);
  }
  return issues.length === 0 ? 0 : 1;
}

async function verifyAll({ elsewhere }: CheckReport, io: HostIo): Promise<readonly RegistryIssue[]> {
  const { config } = await loadConfig(io);
  await using transport = await openRegistryTransport(await hostNetwork(config.mirrors ?? {}, io));
  const issues: RegistryIssue[] = [];
  for (const entry of elsewhere) {
    const issue = await verifyElsewhere(entry, transport, io.signal);
    if (issue !== undefined) issues.push(issue);
  }
  return issues;
}

/**
 * The files that differ from where a branch was left, and new ones, from the registry's root.
 * @throws E_USAGE when git does not know the ref
 */
async function changedFiles(root: string, ref: string, io: HostIo): Promise<readonly string[]> {
  const git = async (...words: string[]): Promise<readonly string[]> => {
    const { stdout } = await processRunner("git", ["-C", root, ...words], { env: io.env, signal: io.signal });
    return stdout.split("\0").filter((name) => name !== "");
  };
  try {
    const tracked = await git("diff", "--name-only", "-z", "--relative", "--merge-base", "--end-of-options", ref);
    return [...tracked, ...(await git("ls-files", "--others", "--exclude-standard", "-z"))];
  } catch (error) {
    io.signal.throwIfAborted();
    throw new AppError("E_USAGE", `git cannot compare ${root} with ${ref}`, {
      hint: "fetch that branch first, with its history",
      cause: error,
    });
  }
}
