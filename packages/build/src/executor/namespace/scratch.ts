import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { writePrograms } from "../../native/write-programs.ts";
import type { ExecutorHost } from "../host.ts";
import type { StepTreeOptions } from "../port.ts";
import { adoptRootMode, writeNameFiles, writeSkeleton } from "../skeleton.ts";

/** The scratch folder of one tree, as the scripts expect it: fixed short names, links for all that varies. */
export interface Scratch {
  readonly directory: string;
  /** Value of overlay's `lowerdir`, top first: relative names without any character that needs quoting. */
  readonly lowers: string;
}

/**
 * Fills the scratch folder of a tree.
 *
 * ```
 * bin/        helper programs          layers/N      links to the lower trees
 * skeleton/   below the lowest layer   layers/upper  link to the upper folder, layers/work
 * root/       where the tree is mounted  mounts/N    links to the host mounts
 * private/N   what steps change in mounts that are views of their own
 * tmp/ var-tmp/ hosts resolv.conf      ready         appears when the command is about to start
 * ```
 */
export async function writeScratch(host: ExecutorHost, options: StepTreeOptions): Promise<Scratch> {
  const directory = options.scratchDir;
  const inScratch = (name: string): string => join(directory, name);
  await mkdir(options.upperDir, { recursive: true });
  await adoptRootMode(options);
  for (const name of ["root", "layers/work", "mounts"]) await mkdir(inScratch(name), { recursive: true });
  await writePrograms(inScratch("bin"), host.processor, ["enter", "lease", "loopback", "relay"]);
  await writeSkeleton(inScratch("skeleton"));

  await symlink(options.upperDir, inScratch("layers/upper"));
  const layers = options.lowerTrees.map(async (tree, index) => {
    await symlink(tree, inScratch(`layers/${index}`));
    return `layers/${index}`;
  });
  for (const [index, mount] of options.mounts.entries()) await symlink(mount.source, inScratch(`mounts/${index}`));
  await writeNameFiles(directory);
  return { directory, lowers: [...(await Promise.all(layers)).reverse(), "skeleton"].join(":") };
}
