export { planBaseFacts } from "./base/plan-base-facts.ts";
export { type AskedWishes, type PlanWishes, readWishes } from "./pipeline/plan-wishes.ts";
export { planCheckout, type PlanRequest } from "./pipeline/plan-checkout.ts";
export { findContainerFile, type FoundContainerFile } from "./container/find-container-file.ts";
export { applyContainerWishes } from "./container/container-wishes.ts";
export { planContainerCheckout } from "./container/plan-container-checkout.ts";
export { repoTree } from "./pipeline/plan-checkout.ts";
