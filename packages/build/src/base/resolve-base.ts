import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import type { BaseDependencies } from "./base-dependencies.ts";
import { autoBase } from "./auto-base.ts";
import { type BaseOrigin, ensureBaseLayer } from "./base-layer.ts";
import { bootstrapBase } from "./bootstrap-base.ts";
import { parseBaseReference } from "./base-reference.ts";
import { dockerDaemonBase } from "./docker-daemon-base.ts";
import { directoryBase } from "./directory-base.ts";
import { imageFileBase, imageFileKind } from "./image-file-base.ts";
import { remoteBase } from "./remote-base.ts";
import { ociBase } from "./oci/oci-base.ts";
import { refuseSigners, requireSigners } from "./required-signers.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/**
 * Gives the base of a reference as a layer of the store, made once: `auto`, `scratch`, `debootstrap:SUITE`, `docker://…`,
 * `docker-archive:…`, `docker-daemon:…`, `oci:…`, `oci-archive:…`, `library://…`, `oras://…`, `shub://…`, `https://…`, or the path of a `.sif` or squashfs file, a docker archive, an OCI
 * layout or a root directory.
 * A bootstrapped base is kept until it is refreshed or pruned; others are made anew when what they come from changed.
 * @throws E_BASE_UNAVAILABLE when it cannot be had, E_USAGE for a malformed reference, E_SIGNATURE_MISSING when one of
 * `deps.signers` did not sign it; what reading and verifying it throw
 */
export async function resolveBase(reference: string, deps: BaseDependencies): Promise<ResolvedBase> {
  const parsed = parseBaseReference(reference, deps.cwd);
  if (parsed.kind !== "path" && parsed.kind !== "remote") refuseSigners(reference, deps);
  switch (parsed.kind) {
    case "debootstrap":
      return ensureBaseLayer(bootstrapBase(parsed, deps), deps);
    case "scratch":
      return ensureBaseLayer(scratchBase, deps);
    case "path":
      return pathBase(parsed.path, reference, deps);
    case "remote":
      return remoteBase(parsed.reference, deps);
    case "daemon":
      return dockerDaemonBase(parsed.name, deps);
    case "oci":
      return ociBase(parsed.reference, deps);
    case "auto":
      return autoBase(deps);
  }
}

/** The folders that {@link ensureBaseLayer} adds to every base, and nothing else. */
const scratchBase: BaseOrigin = {
  reference: "scratch",
  contentKey: "scratch",
  environment: {},
  entries: async function* () {},
};

/** Tells what lies at a path by what is in it. */
async function pathBase(path: string, reference: string, deps: BaseDependencies): Promise<ResolvedBase> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    throw new AppError("E_BASE_UNAVAILABLE", `${path}: the base is neither a file nor a folder that can be read`, {
      hint: "name debootstrap:SUITE, docker://IMAGE:TAG, a .sif file, a docker archive or a root directory",
    });
  }
  const kind = stats.isDirectory() ? undefined : await imageFileKind(path);
  if (kind === "sif") await requireSigners(path, reference, deps);
  else refuseSigners(reference, deps);
  if (stats.isDirectory()) {
    const isLayout = (await stat(join(path, "oci-layout")).catch(() => undefined))?.isFile() ?? false;
    return isLayout ? ociBase(`oci:${path}`, deps) : ensureBaseLayer(await directoryBase(path, deps), deps);
  }
  if (kind === "sif" || kind === "squashfs") {
    return ensureBaseLayer(await imageFileBase(path, kind, deps), deps);
  }
  if (kind === "tar") return ociBase(`docker-archive:${path}`, deps);
  throw new AppError("E_IMAGE_FORMAT", `${path}: neither a SIF, a squashfs image nor a docker archive`);
}
