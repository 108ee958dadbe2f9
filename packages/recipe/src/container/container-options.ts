import type { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import type { RepoTree } from "../tree/repo-tree.ts";

/** What a container file's plan depends on besides the file. */
export interface ContainerPlanOptions {
  /** The repository, without what its ignore files leave out. */
  readonly tree: RepoTree;
  readonly platform: ContainerRecipe["platform"];
  /** Values for `ARG` and `%arguments`, over those that the file gives. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Name or number of the stage that is wanted; the last one when left out. */
  readonly target?: string | undefined;
  /**
   * What is known of an image without fetching it.
   * @param reference as it stands in the recipe, such as `docker://debian:13`
   * @param signers see `Stage.base`
   * @returns `undefined` when nothing is; then the plan goes by an image that says nothing of itself
   */
  readonly describeBase: (reference: string, signers?: readonly string[]) => ImageConfig | undefined;
}
