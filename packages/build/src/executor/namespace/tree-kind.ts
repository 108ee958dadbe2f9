import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAppError } from "@repo2singularity/base";
import { writePrograms } from "../../native/write-programs.ts";
import { removeTree } from "../../tree/remove-tree.ts";
import type { ExecutorHost } from "../host.ts";
import { type NamespaceOwner, runInNamespaces } from "./namespaces.ts";
import { trialScript } from "./scripts.ts";

/** How the merged tree of a step is made; all three leave the same layer. */
export type TreeKind =
  /** The kernel's overlay: no cost. Inside user namespaces since Linux 5.11 (and in EL 8.5). */
  | "overlay"
  /** The same in a program: half the speed. Needs /dev/fuse. */
  | "fuse-overlayfs"
  /** A full copy of the lower trees, compared afterwards. Works everywhere. */
  | "copy";

/** The best kind of tree for a folder, and why better ones were not taken. */
export interface TreeKindChoice {
  readonly kind: TreeKind;
  readonly refused: readonly { readonly kind: TreeKind; readonly reason: string }[];
}

/**
 * Tries the kinds of trees with small ones in a folder, best first: what works depends on the kernel and on
 * the filesystem. The copy is taken untried when all others fail, so that the caller's first run tells what
 * is wrong with the machine.
 * @param directory where trees will lie; made when it is missing
 */
export async function chooseTreeKind(
  host: ExecutorHost,
  owner: NamespaceOwner,
  directory: string,
  signal?: AbortSignal,
): Promise<TreeKindChoice> {
  const refused: { kind: TreeKind; reason: string }[] = [];
  for (const kind of ["overlay", "fuse-overlayfs"] as const) {
    const reason = await tryTreeKind(host, owner, kind, directory, signal);
    if (reason === undefined) return { kind, refused };
    refused.push({ kind, reason });
  }
  return { kind: "copy", refused };
}

/** @returns why the kind does not work, `undefined` when it does */
async function tryTreeKind(
  host: ExecutorHost,
  owner: NamespaceOwner,
  kind: TreeKind,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  await mkdir(directory, { recursive: true });
  const trial = await mkdtemp(join(directory, "trial-"));
  try {
    await writePrograms(join(trial, "bin"), host.processor, ["lease"]);
    for (const name of ["root", "upper", "work", "lower/folder"]) await mkdir(join(trial, name), { recursive: true });
    for (const name of ["gone", "folder/file"]) await writeFile(join(trial, "lower", name), "");
    await symlink("lower", join(trial, "link")); // real trees are reached through links too
    await runInNamespaces(host, {
      owner,
      directory: trial,
      script: trialScript,
      args: [kind, "link", "upper", "work"],
      ownNetwork: false,
      process: { timeoutMs: 10_000, ...(signal === undefined ? {} : { signal }) },
    });
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    const stderr = error.data?.["stderr"];
    return typeof stderr === "string" && stderr !== "" ? stderr.trim() : error.message;
  } finally {
    await removeTree(host, trial);
  }
}
