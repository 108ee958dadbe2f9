export type { Finding, Severity } from "./lint/finding.ts";
export type { AptAnswer, LintInput } from "./lint/lint-input.ts";
export { readAptFiles } from "./lint/apt-files.ts";
export { lintRules } from "./lint/rules.ts";
export { planFinding, runLint, sortFindings } from "./lint/run-lint.ts";
export { findConfigDirectory } from "./detect/config-directory.ts";
