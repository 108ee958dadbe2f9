import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type LockedPackage, LockFileName, type PackageLock } from "@repo2singularity/contracts";
import { imageLayout, juliaLayout, juliaManifestPackages } from "@repo2singularity/recipe";
import { readPlainText } from "../layer/plain-files.ts";
import { flakeInputs, nixpkgsPackages } from "./nix-facts.ts";

/** Lock files of installers that have no list of packages of their own, as the recipe's steps keep them. */
export type KeptFiles = NonNullable<PackageLock["files"]>;

/** A file that a layer holds. */
interface KeptFile {
  readonly name: LockFileName;
  /** In the image, absolute. */
  readonly place: string;
  readonly text: string;
}

/** The lock files that a layer's folder has. */
export async function readKeptFiles(tree: string): Promise<readonly KeptFile[]> {
  const found: KeptFile[] = [];
  for (const name of LockFileName.options) {
    const place = `${imageLayout.locks}/${name}`;
    const text = await readPlainText(tree, place);
    if (text !== undefined) found.push({ name, place, text });
  }
  return found;
}

/** The packages that a lock file speaks of. */
export function packagesOfFile({ name, text }: Pick<KeptFile, "name" | "text">): readonly LockedPackage[] {
  switch (name) {
    case "julia/version":
      return [{ manager: "julia", name: "julia", version: text.trim(), prefix: juliaLayout.program }];
    case "julia/project/Manifest.toml":
      return juliaManifestPackages(text, imageLayout.repo);
    case "julia/kernel/Manifest.toml":
      return juliaManifestPackages(text, juliaLayout.depot);
    case "julia/kernel/Project.toml":
      return [];
    case "nix/nixpkgs.json":
      return nixpkgsPackages(text);
    case "nix/flake.lock":
      return flakeInputs(text);
  }
}

/** Writes the lock files of a lock under a folder, by their names. */
export async function writeKeptFiles(files: KeptFiles, folder: string): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
