import type { BuildEventSink, ImageConfig, PackageLock, Recipe } from "@repo2singularity/contracts";
import type { ExtentCache } from "@repo2singularity/image";
import type { Checkout } from "@repo2singularity/source";
import type { Store } from "@repo2singularity/store";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { ContainerChoices } from "../container/plan-container-checkout.ts";
import type { ExecutorHost } from "../executor/host.ts";
import type { StepExecutor } from "../executor/port.ts";
import type { GuardedClient } from "../network/guarded-client.ts";
import type { BuildSecrets } from "../secret/build-secrets.ts";
import type { LayerFormat } from "./group-key.ts";
import type { AskedWishes } from "./plan-wishes.ts";
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
  /** What else is asked for, to be settled with the repository's own file. */
  readonly wishes?: AskedWishes | undefined;
  readonly platform: Recipe["platform"];
  readonly format: LayerFormat;
  readonly output: BuildOutput;
  /** Exact versions that the image is to have. */
  readonly lock?: PackageLock | undefined;
  /** Values that steps see and nothing keeps; none when left out. */
  readonly secrets?: BuildSecrets | undefined;
  /** For repositories with a Dockerfile or definition file. */
  readonly container?: ContainerRequest | undefined;
}

/** What the user asks of an image that a Dockerfile or definition file describes. */
export interface ContainerRequest extends ContainerChoices {
  /** Bases that take the place of images, by the name that the file has for them. */
  readonly images: Readonly<Record<string, string>>;
  /** Whether the test of a definition file runs at the end. */
  readonly runsTest: boolean;
  /** Whether the Jupyter server, a kernel and the repository are laid upon the image. */
  readonly addsJupyter: boolean;
}

/** What steps are to be run for. */
export interface SettingUse {
  readonly way?: "own" | "container";
  readonly day?: string | undefined;
}

/** A base that is to be had. */
export interface AskedBase {
  readonly reference: string;
  /** Where relative paths lie: the folder of the command when left out. */
  readonly cwd?: string;
  /** Fingerprints of the PGP keys that all have to have signed it; none when left out. */
  readonly signers?: readonly string[];
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
  /** Files, folders and links that one step may leave; `defaultMaxFiles` when left out. */
  readonly maxFiles?: number | undefined;
  resolveBase(phase: Phase, asked: AskedBase): Promise<ResolvedBase>;
  selectExecutor(): Promise<StepExecutor>;
  /**
   * What steps over a base find around them.
   * @param use.way our own way of building when left out, or that of container files
   * @param use.day `YYYY-MM-DD` when apt takes its packages from that day
   */
  makeSetting(base: ResolvedBase, use?: SettingUse): Promise<StepSetting>;
  /** The client for addresses that the repository names. */
  openClient(): Promise<GuardedClient>;
}

/** What a build gave. */
export interface BuildResult {
  readonly path: string;
  /** `kept` when an image of the same key was there already. */
  readonly outcome: "built" | "kept";
  readonly key: string;
  /** How an image with a command of its own runs; `undefined` for images that run our Jupyter server. */
  readonly command?: Pick<ImageConfig, "entrypoint" | "cmd">;
  /** The image's own labels: what a session wants of the host, among them. */
  readonly labels: Readonly<Record<string, string>>;
}
