export { findKeptBase } from "./base/kept-base.ts";
export type { ResolvedBase } from "./base/resolved-base.ts";
export type { ExecutorHost } from "./executor/host.ts";
export { openSqliteExtentCache } from "./extents/sqlite-extent-cache.ts";
export {
  buildImage,
  type BuildDependencies,
  type BuildOutput,
  type BuildRequest,
  type BuildResult,
} from "./pipeline/build-image.ts";
export { PhaseReporter } from "./pipeline/phase.ts";
