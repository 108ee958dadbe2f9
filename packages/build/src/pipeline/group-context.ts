import type { PackageLock, Recipe } from "@repo2singularity/contracts";
import type { ExtentCache } from "@repo2singularity/image";
import type { Checkout } from "@repo2singularity/source";
import type { Store } from "@repo2singularity/store";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import type { BuildSecrets } from "../secret/build-secrets.ts";
import type { LayerFormat } from "./group-key.ts";
import type { StepSetting } from "./step-setting.ts";

/** What building a group's layer needs. */
export interface GroupContext {
  readonly store: Store;
  readonly host: ExecutorHost;
  readonly checkout: Checkout;
  readonly recipe: Recipe;
  /** PATH of the base, behind the recipe's own folders. */
  readonly basePath: string;
  readonly format: LayerFormat;
  readonly extentCache: ExtentCache;
  readonly signal: AbortSignal;
  /** See `BuildDependencies.maxFiles`. */
  readonly maxFiles?: number | undefined;
  readonly secrets?: BuildSecrets | undefined;
  /** Exact versions that the image is to have. */
  readonly lock?: PackageLock | undefined;
  /** Asked for by groups that run something, not by those that only place files; the same one each time. */
  executor(): Promise<StepExecutor>;
  /** As the executor. */
  setting(): Promise<StepSetting>;
}
