import { canonicalJson, sha256Hex } from "@repo2singularity/base";
import type { ImageRecord, Recipe } from "@repo2singularity/contracts";
import type { SingularityTreeOptions } from "@repo2singularity/image";
import type { Checkout } from "@repo2singularity/source";

/** Labels that `apptainer inspect` shows: OCI's names for what they have names for. */
export function imageLabels(
  checkout: Checkout,
  recipe: Pick<Recipe, "base" | "family" | "labels">,
): Readonly<Record<string, string>> {
  const labels: Record<string, string | undefined> = {
    "org.opencontainers.image.source": checkout.url,
    "org.opencontainers.image.revision": checkout.revision,
    "org.opencontainers.image.ref.name": checkout.ref,
    "org.opencontainers.image.base.name": recipe.base,
    "org.repo2singularity.provider": checkout.provider,
    "org.repo2singularity.subdir": checkout.subdir,
    "org.repo2singularity.family": recipe.family,
    ...recipe.labels,
  };
  const present = Object.entries(labels).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(present.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The key of a whole image: its layers, by the key of the last one, and every text that its own top layer holds. */
export function imageKey(recipe: unknown, topKey: string | undefined, texts: SingularityTreeOptions): string {
  return sha256Hex(canonicalJson({ sifVersion, top: topKey, recipe, texts }));
}

/** Raised when equal layers and texts would give another SIF than before; 2 brought the bill of materials. */
const sifVersion = 2;

/** What the record says of the source. */
export function recordSource(checkout: Checkout): ImageRecord["source"] {
  const { url, name, provider, ref, commit, revision, subdir, isDirty } = checkout;
  return {
    url: url ?? name,
    provider,
    ...(ref === undefined ? {} : { ref }),
    ...(commit === undefined ? {} : { commit }),
    ...(revision === undefined ? {} : { revision }),
    ...(subdir === undefined ? {} : { subdir }),
    ...(isDirty ? { dirty: true } : {}),
  };
}
