export { planBaseFacts } from "./base/plan-base-facts.ts";
export { planCheckout, type PlanRequest } from "./pipeline/plan-checkout.ts";
