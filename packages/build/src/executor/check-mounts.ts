import { posix } from "node:path";
import { AppError } from "@repo2singularity/base";
import { type HostMount, mountsFolder } from "./port.ts";

/**
 * Refuses mounts that could reach through the tree of a layer: every target lies in the fresh folder for
 * mounts, and none in another one.
 * @throws E_INTERNAL
 */
export function checkMounts(mounts: readonly HostMount[]): void {
  for (const { source, target } of mounts) {
    const isInFolder = target.startsWith(`${mountsFolder}/`) && target === posix.normalize(target);
    if (!isInFolder || target.endsWith("/")) {
      throw new AppError("E_INTERNAL", `mount of ${source}: the target must lie in ${mountsFolder}, found ${target}`);
    }
    const outer = mounts.find((other) => target.startsWith(`${other.target}/`));
    const isTwice = mounts.filter((other) => other.target === target).length > 1;
    if (outer !== undefined || isTwice) {
      throw new AppError("E_INTERNAL", `mount of ${source}: ${target} lies in another mount's target`);
    }
  }
}
