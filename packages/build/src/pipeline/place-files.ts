import { chmod, copyFile, lstat, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Step } from "@repo2singularity/contracts";
import type { Checkout } from "@repo2singularity/source";

type CopyStep = Extract<Step, { kind: "copy" }>;
type WriteStep = Extract<Step, { kind: "write" }>;

/**
 * Puts files into an overlay's upper folder while it is not mounted: cheaper than copying through a mounted tree, and no
 * program of the base is needed.
 */
export async function placeFiles(step: CopyStep | WriteStep, upper: string, checkout: Checkout): Promise<void> {
  if (step.kind === "write") {
    const target = await prepareTarget(upper, step.path);
    await writeFile(target, step.content);
    await chmod(target, step.mode);
    return;
  }
  for (const file of selectFiles(await checkout.files(), step.paths)) {
    const source = path.join(checkout.directory, file.path);
    const target = await prepareTarget(upper, path.posix.join(step.destination, file.path));
    if (file.type === "directory") await mkdir(target, { recursive: true });
    else if (file.type === "symlink") await symlink(file.linkTarget ?? "", target);
    else await copyFile(source, target);
    if (file.type !== "symlink") await chmod(target, file.type === "directory" ? 0o755 : normalMode(file.mode));
  }
}

/** The files that a copy step names: themselves, and everything below a folder; `.` is all. */
export function selectFiles<T extends { readonly path: string }>(files: readonly T[], paths: readonly string[]): T[] {
  if (paths.includes(".")) return [...files];
  return files.filter((file) => paths.some((wanted) => file.path === wanted || file.path.startsWith(`${wanted}/`)));
}

/** As git keeps modes: executable or not, so that a user's umask does not change the bytes of an image. */
function normalMode(mode: number): number {
  return (mode & 0o100) === 0 ? 0o644 : 0o755;
}

/** Makes the parent folders and removes a whiteout or file that stands in the way. */
async function prepareTarget(upper: string, imagePath: string): Promise<string> {
  const target = path.join(upper, imagePath);
  await makeParents(upper, path.dirname(imagePath));
  const present = await lstat(target).catch(() => undefined);
  if (present !== undefined && !present.isDirectory()) await rm(target);
  return target;
}

async function makeParents(upper: string, folder: string): Promise<void> {
  let place = upper;
  for (const name of folder.split("/").filter((part) => part !== "")) {
    place = path.join(place, name);
    const present = await lstat(place).catch(() => undefined);
    if (present?.isDirectory() === true) continue;
    if (present !== undefined) await rm(place);
    await mkdir(place, { mode: 0o755 });
    await chmod(place, 0o755);
  }
}
