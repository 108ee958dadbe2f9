import { posix } from "node:path";
import { AppError } from "@repo2singularity/base";
import type { HostMount } from "./port.ts";

/** Folders of a running system, and what no mount may take the place of. */
const reserved = /^\/(?:proc|dev|sys|run)?$|^\/(?:proc|dev|sys)\//;

/**
 * Refuses mounts that could reach through the tree of a layer: every target is a plain path, and none lies in another
 * one. Executors refuse links on the way to it.
 * @throws E_INTERNAL
 */
export function checkMounts(mounts: readonly HostMount[]): void {
  for (const { source, target } of mounts) {
    const isPlain = target.startsWith("/") && target === posix.normalize(target) && !target.endsWith("/");
    if (!isPlain || reserved.test(target)) {
      throw new AppError("E_INTERNAL", `mount of ${source}: nothing can be mounted at ${target}`);
    }
    const outer = mounts.find((other) => target.startsWith(`${other.target}/`));
    const isTwice = mounts.filter((other) => other.target === target).length > 1;
    if (outer !== undefined || isTwice) {
      throw new AppError("E_INTERNAL", `mount of ${source}: ${target} lies in another mount's target`);
    }
  }
}
