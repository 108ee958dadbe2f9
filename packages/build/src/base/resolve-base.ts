import { stat } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import type { BaseDependencies } from "./base-dependencies.ts";
import { ensureBaseLayer, type BaseOrigin } from "./base-layer.ts";
import { parseBaseReference } from "./base-reference.ts";
import { bootstrapEntries } from "./bootstrap/make-bootstrap.ts";
import { bootstrapRelease } from "./bootstrap/suites.ts";
import { directoryBase } from "./directory-base.ts";
import { imageFileBase, imageFileKind } from "./image-file-base.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/**
 * Gives the base of a reference as a layer of the store, made once: `debootstrap:SUITE`, a root directory, a `.sif` or
 * squashfs file.
 * A bootstrapped base is kept until it is refreshed or pruned; others are made anew when what they come from changed.
 * @throws E_BASE_UNAVAILABLE when it cannot be had, E_USAGE for a malformed reference; what reading it throws
 */
export async function resolveBase(reference: string, deps: BaseDependencies): Promise<ResolvedBase> {
  const parsed = parseBaseReference(reference, deps.cwd);
  switch (parsed.kind) {
    case "debootstrap":
      return ensureBaseLayer(bootstrapBase(parsed.suite, deps), deps);
    case "path":
      return ensureBaseLayer(await pathBase(parsed.path, deps), deps);
    case "auto":
    case "oci":
      throw new AppError("E_NOT_YET", `${reference}: bases of OCI images are not read yet`);
  }
}

function bootstrapBase(suite: string, deps: BaseDependencies): BaseOrigin {
  const release = bootstrapRelease(suite);
  const reference = `debootstrap:${suite}`;
  return { reference, contentKey: reference, environment: {}, entries: () => bootstrapEntries(release, deps) };
}

async function pathBase(path: string, deps: BaseDependencies): Promise<BaseOrigin> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    throw new AppError("E_BASE_UNAVAILABLE", `${path}: the base is neither a file nor a folder that can be read`, {
      hint: "name debootstrap:SUITE, docker://IMAGE:TAG, a .sif file, a docker archive or a root directory",
    });
  }
  if (stats.isDirectory()) return directoryBase(path, deps);
  const kind = await imageFileKind(path);
  if (kind === "sif" || kind === "squashfs") return imageFileBase(path, kind, deps);
  throw new AppError("E_IMAGE_FORMAT", `${path}: neither a SIF, a squashfs image nor a docker archive`);
}
