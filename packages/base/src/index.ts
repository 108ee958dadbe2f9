export { AppError, isAppError, type AppErrorOptions } from "./errors/app-error.ts";
export { errorCodes, exitCodeOf, type ErrorCode } from "./errors/codes.ts";
export { isAbortError, withTimeLimit } from "./abort.ts";
export { canonicalJson, sha256Hex, type Digest } from "./digest.ts";
export { nullLogger, type Logger } from "./logger.ts";
export { processRunner, type ProcessOptions, type ProcessResult, type ProcessRunner } from "./process/runner.ts";
export { redactText, redactUrl, Secret } from "./redaction.ts";
export { formatDuration, formatSize, parseSize } from "./sizes.ts";
export { shellQuote } from "./shell-quote.ts";
