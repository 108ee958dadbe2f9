/** Streams and sockets take nothing but an Error; a reason to abort can be anything. */
export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
