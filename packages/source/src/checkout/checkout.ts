import type { Digest } from "@repo2singularity/base";
import { contentDigest } from "./content-digest.ts";
import { listFiles, type CheckoutFile, type ListOptions } from "./list-files.ts";

/** What is known about a checkout besides its files. */
export interface CheckoutFacts {
  /** Name of the provider that brought it. */
  readonly provider: string;
  /** The wanted folder, absolute: the repository's root, or its `subdir`. */
  readonly directory: string;
  /** The repository's name, for `NAME.sif`: matches `[a-zA-Z0-9][a-zA-Z0-9_.-]+`. */
  readonly name: string;
  /** Where it comes from, without secrets; undefined for a folder that comes from nowhere. */
  readonly url: string | undefined;
  /** Full name of the branch or tag; undefined for a bare commit, and for a folder that is no git repository. */
  readonly ref: string | undefined;
  /** The commit the files are from; undefined without git or Mercurial. */
  readonly commit: string | undefined;
  /** What names this state of the source and no other, such as the commit; undefined for a folder without git. */
  readonly revision: string | undefined;
  /** When the commit was made or the record published, in seconds since 1970; undefined when that is not known. */
  readonly commitTimeSeconds: number | undefined;
  /** Whether files differ from the commit, new files counted; false without git. */
  readonly isDirty: boolean;
  readonly subdir: string | undefined;
}

/** A directory at a fixed state. */
export interface Checkout extends CheckoutFacts {
  /** Everything that belongs into an image, in the order of the paths' bytes; see {@link listFiles}. */
  files(): Promise<readonly CheckoutFile[]>;
  /**
   * A digest of paths, kinds, executable bits, link targets and contents: equal for equal content, in any folder and
   * for any user.
   * @param paths files and folders (with all that is in them); everything when left out or `.`. A path that does not exist
   * counts as absent.
   */
  contentDigest(paths?: readonly string[]): Promise<Digest>;
}

/** A checkout of a folder; the folder is read once, on the first call. */
export function createCheckout(facts: CheckoutFacts, options: ListOptions): Checkout {
  let listed: Promise<readonly CheckoutFile[]> | undefined;
  const files = (): Promise<readonly CheckoutFile[]> => (listed ??= listFiles(facts.directory, options));
  return {
    ...facts,
    files,
    contentDigest: async (paths) => contentDigest(facts.directory, await files(), paths, options.signal),
  };
}
