export { hasBusybox, makeBusyboxTree } from "./executor/busybox-tree.ts";
export { describeStepExecutor, type StepExecutorFixture } from "./executor/describe-step-executor.ts";
