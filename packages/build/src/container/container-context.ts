import type { ExtentCache } from "@repo2singularity/image";
import type { ContainerRecipe } from "@repo2singularity/contracts";
import type { Checkout } from "@repo2singularity/source";
import type { Store } from "@repo2singularity/store";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import type { GuardedClient } from "../network/guarded-client.ts";
import type { LayerFormat } from "../pipeline/group-key.ts";
import type { StoredLayer } from "../pipeline/find-layer.ts";
import type { StepSetting } from "../pipeline/step-setting.ts";
import type { BuildSecrets } from "../secret/build-secrets.ts";
import type { SourceTree } from "./source-tree.ts";

/** What building the layers of a container file needs. */
export interface ContainerContext {
  readonly store: Store;
  readonly host: ExecutorHost;
  readonly checkout: Checkout;
  readonly recipe: ContainerRecipe;
  readonly format: LayerFormat;
  readonly extentCache: ExtentCache;
  readonly secrets: BuildSecrets;
  readonly signal: AbortSignal;
  /** See `BuildDependencies.maxFiles`. */
  readonly maxFiles?: number | undefined;
  /** Images that the file names, by their reference; `scratch` among them. */
  readonly bases: ReadonlyMap<string, ResolvedBase>;
  /** The repository as copies see it. */
  readonly repository: SourceTree;
  /** The layers of a finished stage, its base first. */
  readonly stageLayers: (name: string) => Promise<readonly Pick<StoredLayer, "digest" | "path">[]>;
  /** Asked for when something runs. */
  executor(): Promise<StepExecutor>;
  /** What steps over a base find around them. */
  setting(base: ResolvedBase): Promise<StepSetting>;
  client(): Promise<GuardedClient>;
}
