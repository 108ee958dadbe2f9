import type { Digest } from "@repo2singularity/base";
import type { BaseFacts, ImageConfig } from "@repo2singularity/contracts";
import type { AptSourcesFile } from "../host/apt-sources.ts";
import type { LayerPackages } from "../pipeline/resolved-packages.ts";

/** A base that lies as a layer in the store. */
export interface ResolvedBase {
  /** What the base is, `auto` already settled: `debootstrap:trixie`, `docker://debian:13`, a path. */
  readonly reference: string;
  /** Of the layer: equal digests mean equal bytes, wherever the base came from. */
  readonly digest: Digest;
  /** The layer's squashfs file, there as long as the store's handle is open. */
  readonly layerPath: string;
  readonly sizeBytes: number;
  readonly facts: BaseFacts;
  readonly packages: LayerPackages;
  /** Variables that the base's own configuration sets, such as `PATH`; empty for most kinds. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the base says of how its programs run, as far as its kind can say it. */
  readonly config: ImageConfig;
  /** The base's apt sources as they stand in it. */
  readonly aptSources: readonly AptSourcesFile[];
  /** When the layer was made, milliseconds since 1970. */
  readonly madeAtMs: number;
  /** What the user should know: a base that stands in for another, or one of some age. */
  readonly notices: readonly string[];
}
