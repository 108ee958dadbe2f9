import { AppError, type ErrorCode, isAppError } from "@repo2singularity/base";

/** What a version control program says, and what its failures mean. */
export interface ProgramFailures {
  /** The error's text and hint where the program is not installed. */
  readonly missing: { readonly message: string; readonly hint: string };
  readonly timeoutHint: string;
  /** Where to look when the failure is none of `kinds`. */
  readonly otherHint: string;
  /** The first whose pattern is found in what the program wrote counts. */
  readonly kinds: readonly { readonly pattern: RegExp; readonly code: ErrorCode; readonly hint: string }[];
  /** What went wrong in one line, out of all that the program wrote to its error output; without secrets. */
  tellingLine(stderr: string): string;
}

/**
 * The failure of a program as an error about the source. The failed process's own error is not kept as the cause: it
 * holds the environment of the command, and with it credentials.
 * @param what what was tried, without secrets
 * @returns anything that is no failure of a process as it is
 */
export function processFailure(error: unknown, what: string, program: ProgramFailures): unknown {
  if (!isAppError(error)) return error;
  if (error.code === "E_PROCESS_NOT_FOUND") {
    return new AppError("E_PROCESS_NOT_FOUND", program.missing.message, { hint: program.missing.hint });
  }
  if (error.code === "E_PROCESS_TIMEOUT") {
    return new AppError("E_SOURCE_NETWORK", `${what}: not finished within the time limit`, {
      hint: program.timeoutHint,
      retryable: true,
    });
  }
  if (error.code !== "E_PROCESS_FAILED") return error;
  const stderr = typeof error.data?.["stderr"] === "string" ? error.data["stderr"] : "";
  const kind = program.kinds.find(({ pattern }) => pattern.test(stderr));
  return new AppError(kind?.code ?? "E_SOURCE_FETCH", `${what}: ${program.tellingLine(stderr)}`, {
    hint: kind?.hint ?? program.otherHint,
    data: { stderr },
    retryable: kind?.code === "E_SOURCE_NETWORK",
  });
}
