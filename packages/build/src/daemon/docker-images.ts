import { Readable } from "node:stream";
import { isAppError } from "@repo2singularity/base";
import { type InspectedImage, parseInspectedImage } from "@repo2singularity/registry";
import type { Docker } from "./docker.ts";

/** Milliseconds in which a daemon makes or removes a container that never runs. */
const containerTimeoutMs = 60_000;

/** An image of the daemon by its name or id; `undefined` when it has none. @throws E_PROCESS_FAILED, E_OCI_INVALID */
export async function findDockerImage(
  docker: Docker,
  name: string,
  signal: AbortSignal,
): Promise<InspectedImage | undefined> {
  try {
    const { stdout } = await docker.runner("docker", ["image", "inspect", name], { env: docker.env, signal });
    return parseInspectedImage(stdout, `docker image inspect ${name}`);
  } catch (error) {
    if (isAppError(error, "E_PROCESS_FAILED") && /no such image/i.test(error.message)) return undefined;
    throw error;
  }
}

/** Makes an image of one layer from a tar that is given as a stream. @throws E_PROCESS_FAILED */
export async function importDockerImage(
  docker: Docker,
  image: {
    readonly name: string;
    readonly tar: AsyncIterable<Uint8Array>;
    /** Variables of its programs. */
    readonly environment: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<void> {
  const { name, tar, environment } = image;
  const variables = Object.entries(environment).map(([variable, value]) => {
    return `--change=ENV ${variable}="${value.replaceAll(/[\\"$]/g, "\\$&")}"`;
  });
  const input = Readable.from(tar, { objectMode: false });
  await docker.runner("docker", ["import", ...variables, "-", name], { env: docker.env, signal, input });
}

/**
 * The whole tree of an image as one tar, without a file anywhere: `docker export` of a container that never runs. `docker
 * save` would give its layers, but daemons write all of them to their disk first and take five times the processor time.
 * The container is removed at the end, also when the caller stops early.
 * @throws E_PROCESS_FAILED
 */
export async function* exportDockerImage(
  docker: Docker,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted();
  const { runner, streamer, env } = docker;
  const options = { env, timeoutMs: containerTimeoutMs }; // no signal: its end would leave a container behind
  const created = await runner("docker", ["create", "--network=none", id, "/never-run"], options);
  const container = created.stdout.trim();
  try {
    yield* streamer("docker", ["export", container], { env, signal });
  } finally {
    await runner("docker", ["rm", "--force", container], { ...options, okExitCodes: [0, 1] }); // a daemon that is gone has none
  }
}

/** Gives an image a name in place of another; what had that name before stays without one. @throws E_PROCESS_FAILED */
export async function renameDockerImage(
  docker: Docker,
  names: { readonly from: string; readonly to: string },
  signal: AbortSignal,
): Promise<void> {
  await docker.runner("docker", ["tag", names.from, names.to], { env: docker.env, signal });
  await removeDockerImage(docker, names.from);
}

/** Takes a name away, and the image when it has no other; nothing when there is none of that name. */
export async function removeDockerImage(docker: Docker, name: string): Promise<void> {
  await docker.runner("docker", ["image", "rm", name], {
    env: docker.env,
    timeoutMs: containerTimeoutMs,
    okExitCodes: [0, 1],
  });
}
