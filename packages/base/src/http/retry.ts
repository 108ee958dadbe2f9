import { setTimeout as pause } from "node:timers/promises";
import { isAbortError } from "../abort.ts";
import { isAppError } from "../errors/app-error.ts";

/** How often and how long a call is tried again. */
export interface RetryPolicy {
  /** Tries in all, at least 1. */
  readonly attemptCount: number;
  /** The first pause, in ms; each further one is at most twice as long. */
  readonly firstPauseMs: number;
  /** No further try begins after so many ms. */
  readonly totalMs: number;
}

/** Four tries within a minute. */
export const defaultRetryPolicy: RetryPolicy = { attemptCount: 4, firstPauseMs: 300, totalMs: 60_000 };

/**
 * Calls something until it succeeds, fails with an error that is not `retryable`, or the policy ends it.
 * Pauses have full jitter; an error may ask for a longer pause by `data.retryAfterMs`.
 * The one place that tries again: what is called inside must not.
 */
export async function retry<Result>(
  call: (attempt: number) => Promise<Result>,
  options: {
    readonly policy?: RetryPolicy;
    readonly signal?: AbortSignal | undefined;
    /** In [0, 1); `Math.random` when left out. */
    readonly random?: () => number;
    /** ms; `Date.now` when left out. */
    readonly now?: () => number;
    /** Waits so many ms; a timer when left out. */
    readonly sleep?: (pauseMs: number, signal: AbortSignal | undefined) => Promise<void>;
  } = {},
): Promise<Result> {
  const { policy = defaultRetryPolicy, signal, random = Math.random, now = Date.now, sleep = sleepFor } = options;
  const endMs = now() + policy.totalMs;
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted();
    try {
      return await call(attempt);
    } catch (error) {
      if (isAbortError(error) || !isAppError(error) || !error.retryable || attempt >= policy.attemptCount) throw error;
      const jittered = policy.firstPauseMs * 2 ** (attempt - 1) * (0.5 + random() / 2);
      const pauseMs = Math.max(jittered, askedPauseMs(error.data));
      if (now() + pauseMs >= endMs) throw error;
      await sleep(pauseMs, signal);
    }
  }
}

async function sleepFor(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(pauseMs, undefined, signal === undefined ? {} : { signal });
}

function askedPauseMs(data: Readonly<Record<string, unknown>> | undefined): number {
  const asked = data?.["retryAfterMs"];
  return typeof asked === "number" ? asked : 0;
}
