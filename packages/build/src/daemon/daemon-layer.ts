import { readTar, type TreeEntry } from "@repo2singularity/image";
import { type BaseLayerDependencies, ensureBaseLayer } from "../base/base-layer.ts";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { Docker } from "./docker.ts";
import { exportDockerImage } from "./docker-images.ts";

/** The first uid of people; those below are of services. Source: Debian Policy, 9.2.2 */
const firstUserId = 1000;

/**
 * The tree of an image of the daemon as a layer of the store, made once for each image id from the daemon's stream: as
 * any base, it is owned by root, has constant times and says which packages are in it. Files that were compressed
 * before, for whatever image, are not compressed again.
 * @param name of the image, for the record
 * @throws E_PROCESS_FAILED, E_TAR_INVALID, E_TAR_TRUNCATED
 */
export function ensureDaemonLayer(
  docker: Docker,
  image: { readonly name: string; readonly id: string },
  deps: BaseLayerDependencies & { readonly signal: AbortSignal },
): Promise<ResolvedBase> {
  const { signal } = deps;
  return ensureBaseLayer(
    {
      reference: `docker-daemon:${image.name}`,
      contentKey: `docker image ${image.id}`,
      environment: {},
      entries: () => withReadableHomes(readTar(exportDockerImage(docker, image.id, signal), { signal })),
    },
    deps,
  );
}

/**
 * What belongs to a user of the image may be read by everybody: its programs ran as that user, and run as somebody else
 * under a runtime for SIF images, where owners are gone.
 */
export async function* withReadableHomes(
  entries: AsyncIterable<TreeEntry>,
): AsyncGenerator<TreeEntry, void, undefined> {
  for await (const entry of entries) {
    const isOfUser = entry.uid >= firstUserId && entry.type !== "symlink";
    yield isOfUser ? { ...entry, mode: entry.mode | ((entry.mode & 0o500) >> 3) | ((entry.mode & 0o500) >> 6) } : entry;
  }
}
