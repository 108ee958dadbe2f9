export { readHostSettings, type HostSettings } from "./host/host-settings.ts";
export { type HostReader } from "./host/host-reader.ts";
export { localFiles } from "./host/read-local-files.ts";
export { openHttpClient, type HttpAnswer, type HttpClient } from "./host/http-client.ts";
export { writeStepSurroundings, type StepSurroundings, type SurroundingsOptions } from "./host/step-surroundings.ts";
export { hasSuite } from "./host/has-suite.ts";
export { ensureTool, type EnsuredTool, type ToolDependencies } from "./tool/ensure-tool.ts";
