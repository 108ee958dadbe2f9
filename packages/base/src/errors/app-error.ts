import type { ErrorCode } from "./codes.ts";

/** What an {@link AppError} can carry besides its code and message. */
export interface AppErrorOptions {
  /** The next command or change that mends it, as one sentence without a trailing dot. */
  readonly hint?: string;
  /** Facts for logs and JSON output; never secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Whether the same call may succeed later; `false` when left out. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error class of the program: branch on `code`, never on the message.
 *
 * The message says what was tried on what, what was expected and what was found.
 *
 * @example
 * throw new AppError("E_SIF_TRUNCATED", `${path}: the header needs 128 bytes, the file has 12`, {
 *   hint: "fetch or build the file again",
 * });
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = options.hint;
    this.data = options.data;
    this.retryable = options.retryable ?? false;
  }
}

/**
 * Whether a caught value is an {@link AppError}, optionally of one code.
 * Looks at the shape, not the class, so that errors from worker threads count too.
 */
export function isAppError(value: unknown, code?: ErrorCode): value is AppError {
  return (
    value instanceof Error &&
    value.name === "AppError" &&
    "code" in value &&
    (code === undefined || value.code === code)
  );
}
