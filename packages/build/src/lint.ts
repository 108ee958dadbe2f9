export { type AptIndexContext, askAptIndex } from "./lint/apt-index.ts";
export { parseOsRelease } from "./host/os-release.ts";
export { lintCheckout, type LintRequest } from "./lint/lint-checkout.ts";
