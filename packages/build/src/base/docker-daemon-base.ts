import { AppError, isAppError } from "@repo2singularity/base";
import { readTar } from "@repo2singularity/image";
import { environmentOf, type InspectedImage } from "@repo2singularity/registry";
import { openDocker } from "../daemon/docker.ts";
import { exportDockerImage, findDockerImage } from "../daemon/docker-images.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import { ensureBaseLayer } from "./base-layer.ts";
import { imageConfigOf } from "./oci/image-config.ts";
import type { ResolvedBase } from "./resolved-base.ts";

/**
 * An image of the docker daemon as a base, made anew when its name means another image there.
 * @param name as `docker images` shows it, such as `demo:latest`
 * @throws E_BASE_UNAVAILABLE when no daemon answers, or it has no such image for this platform; E_OCI_INVALID
 */
export async function dockerDaemonBase(name: string, deps: BaseDependencies): Promise<ResolvedBase> {
  const reference = `docker-daemon:${name}`;
  const signal = deps.signal ?? new AbortController().signal;
  const docker = await openDocker(deps.docker, signal).catch((error: unknown) => {
    if (!isAppError(error, "E_DAEMON_UNAVAILABLE")) throw error;
    throw unavailable(`${reference}: ${error.message}`, error);
  });
  const image = await findDockerImage(docker, name, signal);
  if (image === undefined) throw unavailable(`${reference}: the docker daemon has no such image`);
  checkPlatform(reference, image, deps.platform);
  return ensureBaseLayer(
    {
      reference,
      contentKey: `docker image with config ${image.id}`,
      environment: environmentOf(image.config),
      config: imageConfigOf(image.config),
      entries: () => readTar(exportDockerImage(docker, image.id, signal), { signal }),
    },
    deps,
  );
}

function checkPlatform(reference: string, { config }: InspectedImage, platform: BaseDependencies["platform"]): void {
  const found = `linux/${config.architecture}`;
  if (found !== platform) throw unavailable(`${reference}: is an image for ${found}, expected ${platform}`);
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError("E_BASE_UNAVAILABLE", message, {
    hint: "look with `docker images`; an image of a registry needs no daemon: Bootstrap: docker, or --base docker://IMAGE",
    ...(cause === undefined ? {} : { cause }),
  });
}
