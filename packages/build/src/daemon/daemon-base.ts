import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import { openSquashfs, writeTar } from "@repo2singularity/image";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { Phase } from "../pipeline/phase.ts";
import type { Docker } from "./docker.ts";
import { findDockerImage, importDockerImage } from "./docker-images.ts";

/**
 * A base of ours as an image of the daemon, imported once: the daemon then builds on the same bytes as our executors do,
 * and needs no registry.
 * @returns its name there, which follows from the base's digest and variables
 * @throws E_PROCESS_FAILED
 */
export async function ensureDaemonBase(
  docker: Docker,
  base: ResolvedBase,
  phase: Phase,
  signal: AbortSignal,
): Promise<string> {
  const { digest, environment } = base;
  const name = `repo2singularity/base:${sha256Hex(canonicalJson({ digest, environment })).slice(0, 32)}`;
  if ((await findDockerImage(docker, name, signal)) !== undefined) {
    phase.cached();
    return name;
  }
  await using image = await openSquashfs(base.layerPath);
  const tar = writeTar(image.entries({ signal }), { signal });
  await importDockerImage(docker, { name, tar, environment }, signal);
  return name;
}
