export { planBaseFacts } from "./base/plan-base-facts.ts";
export { planCheckout, type PlanRequest } from "./pipeline/plan-checkout.ts";
export { findContainerFile, type FoundContainerFile } from "./container/find-container-file.ts";
export { planContainerCheckout } from "./container/plan-container-checkout.ts";
export { repoTree } from "./pipeline/plan-checkout.ts";
