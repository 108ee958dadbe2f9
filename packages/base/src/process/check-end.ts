import { AppError } from "../errors/app-error.ts";
import { redactText } from "../redaction.ts";
import type { ProcessEnd } from "./start-process.ts";

/** A program that ended, and what was wanted of it. */
export interface EndedProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** The last text of its standard error. */
  readonly stderr: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** `[0]` when left out. */
  readonly okExitCodes?: readonly number[];
}

/**
 * The exit status of a program that ended as it should.
 * @throws E_PROCESS_NOT_FOUND, E_PROCESS_FAILED, E_PROCESS_TIMEOUT; the signal's reason when that ended it
 */
export function checkEnd({ exitCode, signal, by, startFailure }: ProcessEnd, program: EndedProgram): number {
  const { command, args, timeoutMs } = program;
  if (by === "abort") throw program.signal?.reason ?? new DOMException("aborted", "AbortError");
  const shown = redactText([command, ...args].join(" ")).slice(0, 400);
  if (by === "timeout") {
    throw new AppError("E_PROCESS_TIMEOUT", `${shown}: not finished after ${timeoutMs} ms`);
  }
  if (startFailure === "ENOENT") {
    throw new AppError("E_PROCESS_NOT_FOUND", `${command} is not installed or not on the PATH`, {
      data: { command },
    });
  }
  if (exitCode === undefined || !(program.okExitCodes ?? [0]).includes(exitCode)) {
    const tail = redactText(program.stderr);
    const how =
      startFailure === undefined ? `ended with ${signal ?? `status ${exitCode}`}` : `not started (${startFailure})`;
    throw new AppError("E_PROCESS_FAILED", `${shown}: ${how}${tail === "" ? "" : `: ${lastLine(tail)}`}`, {
      data: { exitCode: exitCode ?? 128, signal, stderr: tail },
    });
  }
  return exitCode;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
