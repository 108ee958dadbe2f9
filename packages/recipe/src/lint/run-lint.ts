import { type AppError, isAppError } from "@repo2singularity/base";
import type { Finding } from "./finding.ts";
import type { LintInput } from "./lint-input.ts";
import { lintRules } from "./rules.ts";

/** Runs every rule. @returns findings in the order of paths and lines, those without a path first */
export function runLint(input: LintInput): readonly Finding[] {
  const findings = Object.entries(lintRules).flatMap(([rule, { severity, find }]) => {
    try {
      return (find?.(input) ?? []).map((finding): Finding => ({ rule, severity, ...finding }));
    } catch (error) {
      if (isAppError(error, "E_RECIPE_FILE_INVALID")) return [planFinding(error)];
      throw error;
    }
  });
  return sortFindings(findings);
}

/** The finding for a repository that cannot be planned. */
export function planFinding(error: AppError): Finding {
  const path = textOf(error.data?.["path"]) ?? textOf(error.data?.["file"]);
  const line = error.data?.["line"];
  return {
    rule: "plan",
    severity: "error",
    ...(path === undefined ? {} : { path }),
    ...(typeof line === "number" ? { line } : {}),
    message: withoutPlace(error.message, path),
    hint: error.hint ?? "correct it",
  };
}

/** In the order of paths and lines, each once: several rules may read a file that cannot be parsed. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  const byText = new Map(findings.map((one) => [`${one.path ?? ""}:${one.line ?? 0}:${one.message}`, one]));
  return [...byText.values()].toSorted(
    (a, b) => compare(a.path ?? "", b.path ?? "") || (a.line ?? 0) - (b.line ?? 0) || compare(a.rule, b.rule),
  );
}

/** `file:line:column: message` without what the finding says by itself. */
function withoutPlace(message: string, path: string | undefined): string {
  if (path === undefined || !message.startsWith(path)) return message;
  return message.slice(path.length).replace(/^(?::\d+)*:\s*/, "");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
