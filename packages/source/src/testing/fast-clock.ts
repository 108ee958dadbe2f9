import type { SourceClock } from "../http/source-client.ts";

/** A clock whose sleeps pass at once. */
export interface FastClock extends SourceClock {
  /** Every sleep that was asked for, in ms. */
  readonly sleeps: number[];
}

/** A clock that begins in 2026 and stands still but for sleeps. */
export function createFastClock(): FastClock {
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => nowMs,
    sleep: async (pauseMs, signal) => {
      signal?.throwIfAborted();
      sleeps.push(pauseMs);
      nowMs += pauseMs;
    },
  };
}
