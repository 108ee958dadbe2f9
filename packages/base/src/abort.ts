/** Whether a caught value is the rejection of an aborted signal, which passes through every room untouched. */
export function isAbortError(value: unknown): boolean {
  return value instanceof Error && (value.name === "AbortError" || value.name === "TimeoutError");
}

/**
 * One signal out of a caller's signal and a time limit.
 * @param timeoutMs milliseconds, at least 1; left out for no limit
 * @returns a signal that never fires when neither is given
 */
export function withTimeLimit(signal: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal {
  const parts: AbortSignal[] = [];
  if (signal !== undefined) parts.push(signal);
  if (timeoutMs !== undefined) parts.push(AbortSignal.timeout(timeoutMs));
  return AbortSignal.any(parts);
}
