export { findKeptBase } from "./base/kept-base.ts";
export type { ResolvedBase } from "./base/resolved-base.ts";
export type { ExecutorHost } from "./executor/host.ts";
export { openSqliteExtentCache } from "./extents/sqlite-extent-cache.ts";
export { buildImage } from "./pipeline/build-image.ts";
export type { BuildDependencies, BuildRequest, BuildResult, ContainerRequest } from "./pipeline/build-request.ts";
export type { BuildOutput } from "./pipeline/write-output.ts";
export type { AskedWishes } from "./pipeline/plan-wishes.ts";
export { PhaseReporter } from "./pipeline/phase.ts";
