import type { BuildEventSink, ImageConfig, Recipe } from "@repo2singularity/contracts";
import type { ExtentCache } from "@repo2singularity/image";
import type { Checkout } from "@repo2singularity/source";
import type { Store } from "@repo2singularity/store";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { ContainerChoices } from "../container/plan-container-checkout.ts";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import type { HttpClient } from "../host/http-client.ts";
import type { BuildSecrets } from "../secret/build-secrets.ts";
import type { LayerFormat } from "./group-key.ts";
import type { Phase } from "./phase.ts";
import type { StepSetting } from "./step-setting.ts";
import type { BuildOutput } from "./write-output.ts";

/** What is to be built. */
export interface BuildRequest {
  readonly checkout: Checkout;
  /** A version such as `3.13`, over whatever the repository says. */
  readonly python?: string | undefined;
  /** See `PlanOptions.compat`. */
  readonly compat?: "repo2docker" | undefined;
  readonly platform: Recipe["platform"];
  readonly format: LayerFormat;
  readonly output: BuildOutput;
  /** For repositories with a Dockerfile or definition file. */
  readonly container?: ContainerRequest | undefined;
}

/** What the user asks of an image that a Dockerfile or definition file describes. */
export interface ContainerRequest extends ContainerChoices {
  /** Bases that take the place of images, by the name that the file has for them. */
  readonly images: Readonly<Record<string, string>>;
  readonly secrets: BuildSecrets;
  /** Whether the test of a definition file runs at the end. */
  readonly runsTest: boolean;
}

/** What a build works with; expensive parts are made when a build needs them. */
export interface BuildDependencies {
  readonly store: Store;
  readonly host: ExecutorHost;
  readonly extentCache: ExtentCache;
  readonly events: BuildEventSink;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** The base that the user asked for, or another one; relative paths of that one lie in `cwd`. */
  resolveBase(phase: Phase, other?: { readonly reference: string; readonly cwd: string }): Promise<ResolvedBase>;
  selectExecutor(): Promise<StepExecutor>;
  /** What steps over a base find around them: our own way of building, or that of container files. */
  makeSetting(base: ResolvedBase, way?: "own" | "container"): Promise<StepSetting>;
  openClient(): Promise<HttpClient>;
}

/** What a build gave. */
export interface BuildResult {
  readonly path: string;
  /** `kept` when an image of the same key was there already. */
  readonly outcome: "built" | "kept";
  readonly key: string;
  /** How an image with a command of its own runs; `undefined` for images that run our Jupyter server. */
  readonly command?: Pick<ImageConfig, "entrypoint" | "cmd">;
}
