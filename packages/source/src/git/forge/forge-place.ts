/** What a short form or a pasted page of a forge says of a repository. */
export interface ForgePlace {
  /** URL of the repository for git, with the user part that was pasted. */
  readonly url: string;
  readonly name: string;
  /** What of it is meant; its default branch when undefined. */
  readonly part: ForgePart | undefined;
  /** The short form that means the same; undefined for a pasted page, which is shown as it is. */
  readonly shortForm: string | undefined;
}

/**
 * A part of a repository: a `ref` by name, or what stands behind a page's address: a branch or tag, whose name may have
 * slashes, and then a path (`refAndPath`), which names a folder on pages of folders and a file on those of files.
 */
export type ForgePart =
  | { readonly kind: "ref"; readonly ref: string }
  | { readonly kind: "refAndPath"; readonly segments: readonly string[]; readonly of: "folder" | "file" };
