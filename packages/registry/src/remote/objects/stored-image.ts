import { AppError } from "@repo2singularity/base";
import type { ObjectStore } from "@repo2singularity/store/objects";
import type { RemoteImage } from "../remote-image.ts";
import { findImageObject } from "./image-object.ts";

/**
 * Resolves an image that lies in an object store, with the digest that lies beside it.
 * @param shown the reference, for messages
 * @returns an image that is good as long as the store
 * @throws E_REGISTRY_NOT_FOUND when there is none, and what the store throws
 */
export async function resolveStoredImage(
  store: ObjectStore,
  name: string,
  shown: string,
  signal?: AbortSignal,
): Promise<RemoteImage> {
  const found = await findImageObject(store, name, signal);
  if (found === undefined) throw new AppError("E_REGISTRY_NOT_FOUND", `${shown}: there is no such image`);
  const { sizeBytes } = found;
  return {
    ...found,
    reference: shown,
    open: async ({ startBytes, endBytes = sizeBytes }, at) => {
      const body = await store.read(name, { range: { start: startBytes, end: endBytes }, signal: at });
      if (body === undefined) throw new AppError("E_REGISTRY_NOT_FOUND", `${shown}: was removed meanwhile`);
      return { startBytes, totalBytes: sizeBytes, isRange: true, body, close: () => body.destroy() };
    },
  };
}
