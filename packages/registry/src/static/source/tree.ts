import type { Digest } from "@repo2singularity/base";
import type { ImageDocument, RegistrySettings, SourceDocument } from "./documents.ts";
import type { RegistryIssue } from "./issue.ts";

/** What the image of a tag is built from. */
export type TagRecipe =
  /** A definition file with the files beside it. */
  | { readonly kind: "definition"; readonly text: string; readonly digest: Digest }
  | { readonly kind: "repository"; readonly source: SourceDocument; readonly digest: Digest };

/** A tag of a collection. */
export interface TagEntry {
  readonly namespace: string;
  readonly name: string;
  readonly tag: string;
  /** From the registry's root, with `/`: `NAMESPACE/NAME/manifests/TAG`. */
  readonly folder: string;
  /** Undefined for an image that is built elsewhere. */
  readonly recipe: TagRecipe | undefined;
  /** Undefined before it is built. */
  readonly image: ImageDocument | undefined;
}

/** Images under one name. */
export interface Collection {
  readonly namespace: string;
  readonly name: string;
  /** Markdown; undefined without a README.md. */
  readonly readme: string | undefined;
  /** By name. */
  readonly tags: readonly TagEntry[];
}

/** The files of a static registry, read. */
export interface RegistryTree {
  readonly root: string;
  readonly settings: RegistrySettings;
  /** By namespace and name. */
  readonly collections: readonly Collection[];
  /** What cannot be read is not in the collections and is told here. */
  readonly issues: readonly RegistryIssue[];
}

/** How people write a tag: `namespace/name:tag`. */
export function formatEntry({ namespace, name, tag }: Pick<TagEntry, "namespace" | "name" | "tag">): string {
  return `${namespace}/${name}:${tag}`;
}

/** Whether a tag has a recipe that no image was built from. Removing `image.yaml` makes it so, as the seed's README. */
export function needsBuild({ recipe, image }: TagEntry): boolean {
  return recipe !== undefined && image?.recipe !== recipe.digest;
}

/** Every tag of a registry. */
export function allEntries({ collections }: Pick<RegistryTree, "collections">): readonly TagEntry[] {
  return collections.flatMap(({ tags }) => tags);
}
