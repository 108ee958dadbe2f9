export { parseBind, type Bind } from "./bind.ts";
export { formatReady } from "./format-ready.ts";
export type { MachineFacts } from "./reachability.ts";
export { runImage, type RunOptions, type SessionEvent } from "./run-image.ts";
export { findRuntime, type RuntimeSearch } from "./runtime/find-runtime.ts";
export type { ImageRuntime, SessionCommand, SessionPlan } from "./runtime/port.ts";
export type { UnpackImage } from "./runtime/sandbox.ts";
export type { SignalSource } from "./session-process.ts";
export type { OwnCommand } from "./jupyter-words.ts";
