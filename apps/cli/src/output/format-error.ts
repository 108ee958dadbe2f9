import { exitCodeOf, isAbortError, isAppError, printable } from "@repo2singularity/base";

/** How an error is shown. */
export interface ErrorFormat {
  readonly jsonLogs: boolean;
  /** Whether the stack and the chain of causes are shown. */
  readonly debug: boolean;
}

/** The exit status for anything that was thrown. */
export function exitStatusOf(error: unknown): number {
  if (isAbortError(error)) return 130;
  return isAppError(error) ? exitCodeOf(error.code) : 1;
}

/** An error as text for people (what, the last lines of the failing program, what to do) or as one JSON line. */
export function formatError(error: unknown, format: ErrorFormat): string {
  if (format.jsonLogs) return `${JSON.stringify(errorObject(error))}\n`;
  if (isAbortError(error)) return "interrupted\n";
  if (!isAppError(error)) return `unexpected error: ${stackOf(error)}\nPlease report this.\n`;
  const lines = [`error: ${error.message}`];
  const lastLines = error.data?.["lastLines"];
  if (Array.isArray(lastLines) && lastLines.length > 0) {
    lines.push("its last lines:", ...lastLines.map((line) => `  | ${String(line)}`));
  }
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  lines.push(`(${error.code})`);
  if (format.debug) lines.push(stackOf(error));
  return `${printable(lines.join("\n"))}\n`; // names and texts of somebody else's repository are in it
}

function errorObject(error: unknown): Record<string, unknown> {
  if (!isAppError(error)) return { type: "error", phase: "failed", message: String(error) };
  const { code, message, hint, data } = error;
  return { type: "error", phase: "failed", code, message, hint, data };
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
