export type { Checkout, CheckoutFacts } from "./checkout/checkout.ts";
export { createCheckout } from "./checkout/checkout.ts";
export { parseIgnoreRules, type IgnoreRules } from "./checkout/ignore-rules.ts";
export { listFiles, type CheckoutFile } from "./checkout/list-files.ts";
export type {
  ResolvedSource,
  SourceContext,
  SourceCredentials,
  SourceProvider,
  SourceRequest,
  Spec,
} from "./provider/port.ts";
export { sourceProviders } from "./provider/providers.ts";
export { fetchCheckout, resolveSource } from "./source.ts";
export { parseSpec } from "./spec/parse-spec.ts";
export { repositoryName } from "./spec/repository-name.ts";
