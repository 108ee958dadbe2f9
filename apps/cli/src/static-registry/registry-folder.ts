import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { checkTree, formatIssue, readRegistryTree, type RegistryTree } from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";

/** Where a registry's files are. */
export interface FolderFlags {
  readonly folder?: string;
}

/** The registry's folder, absolute. */
export function registryFolder(flags: FolderFlags, io: Pick<HostIo, "cwd">): string {
  return path.resolve(io.cwd, flags.folder ?? ".");
}

/** Folder in which images that were built here lie, each as `HEX.sif`. */
export function imagesFolder(root: string): string {
  return path.join(root, ".images");
}

/**
 * Reads a registry of which nothing is wrong.
 * @throws E_REGISTRY_FILES with the issues
 */
export async function readSoundRegistry(root: string): Promise<RegistryTree> {
  const tree = await readRegistryTree(root);
  const { issues } = checkTree(tree);
  if (issues.length === 0) return tree;
  throw new AppError("E_REGISTRY_FILES", `the registry cannot be used:\n${issues.map(formatIssue).join("\n")}`, {
    hint: "mend these files and run `repo2singularity registry check`",
    data: { issues },
  });
}
