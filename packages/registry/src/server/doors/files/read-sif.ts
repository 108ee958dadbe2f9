import type { Identity } from "../../policy/identity.ts";
import { getBlob, type BlobInfo } from "../../service/blobs.ts";
import type { RegistryContext } from "../../service/context.ts";
import { findImage, type Image } from "../../service/images.ts";
import { countPull } from "../../service/manifests.ts";
import { tryParseDigest } from "../../service/names.ts";
import { openRepository, type OpenRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";

/** A SIF that was found for somebody who may pull it. */
export interface FoundSif {
  readonly repository: OpenRepository<"pull">;
  readonly image: Image;
  readonly blob: BlobInfo;
}

/**
 * Finds the SIF of a tag, or of a digest in place of a tag, for doors that have one address per image.
 * @param architecture amd64 when left out
 */
export async function findSif(
  registry: RegistryContext,
  identity: Identity,
  where: { readonly name: string; readonly tag: string; readonly architecture: string | undefined },
): Promise<FoundSif> {
  const { name, tag, architecture = "amd64" } = where;
  const repository = await openRepository(registry, identity, name.toLowerCase(), "pull");
  const digest = tryParseDigest(tag.replace(/^sha256[.-]/, "sha256:"));
  const image = await findImage(registry, repository, digest === undefined ? { tag, architecture } : { digest });
  if (image === undefined)
    throw refuse("manifest-unknown", `${repository.name} has no image ${tag} for ${architecture}`);
  return { repository, image, blob: await getBlob(registry, repository, image.digest) };
}

/** Counts a pull of it. */
export function countSif(registry: RegistryContext, { repository, image }: FoundSif): Promise<void> {
  return countPull(registry, repository, image.manifestDigest);
}
