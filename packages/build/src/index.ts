export { readHostSettings, type HostSettings } from "./host/host-settings.ts";
export { type HostReader } from "./host/host-reader.ts";
export { localFiles } from "./host/read-local-files.ts";
export { openHttpClient, type HttpAnswer, type HttpClient } from "./host/http-client.ts";
export { canChain } from "./network/upstream-proxy.ts";
export { limitedSettings, networkPolicy } from "./network/limited-network.ts";
export type { NetworkPolicy } from "./network/find-way.ts";
export { type GuardedClient, openGuardedClient, unguardedClient } from "./network/guarded-client.ts";
export { writeStepSurroundings, type StepSurroundings, type SurroundingsOptions } from "./host/step-surroundings.ts";
export { hasSuite } from "./host/has-suite.ts";
export { ensureTool, type EnsuredTool, type ToolDependencies } from "./tool/ensure-tool.ts";
export type {
  ExecutorProbe,
  HostMount,
  StepCommand,
  StepExecutor,
  StepExecutorName,
  StepTree,
  StepTreeOptions,
} from "./executor/port.ts";
export { mountsFolder } from "./executor/port.ts";
export type { ExecutorHost } from "./executor/host.ts";
export { createApptainerExecutor } from "./executor/apptainer.ts";
export { createRootExecutor } from "./executor/root.ts";
export { createUsernsExecutor } from "./executor/userns.ts";
export type { TreeKind } from "./executor/namespace/tree-kind.ts";
export { removeTree } from "./tree/remove-tree.ts";
export { resolveBase } from "./base/resolve-base.ts";
export type { BaseDependencies } from "./base/base-dependencies.ts";
export type { ResolvedBase } from "./base/resolved-base.ts";
export { captureLayer, type CaptureLayerOptions, type LayerSummary } from "./layer/capture-layer.ts";
export { materializeLayer, type MaterializeLayerOptions } from "./layer/materialize-layer.ts";
export { openSqliteExtentCache, type SqliteExtentCache } from "./extents/sqlite-extent-cache.ts";
export { buildImage } from "./pipeline/build-image.ts";
export type {
  AskedBase,
  BuildDependencies,
  BuildRequest,
  BuildResult,
  ContainerRequest,
} from "./pipeline/build-request.ts";
export type { BuildOutput } from "./pipeline/write-output.ts";
export { readImageRecord } from "./pipeline/compose-image.ts";
export { type Phase, PhaseReporter } from "./pipeline/phase.ts";
export { createStepSetting, type StepSetting } from "./pipeline/step-setting.ts";
export { checkMachine, type MachineCheck, type MachineView } from "./doctor/check-machine.ts";
export { spdxDocument } from "./statement/spdx-document.ts";
