/**
 * How long a `Retry-After` header asks to wait, from its seconds or its date.
 * @param nowMs the time that a date is counted from, in ms since 1970
 * @returns milliseconds, at least 0; undefined when there is none or it says nothing
 * Source: RFC 9110, section 10.2.3
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  const dateMs = value.endsWith("GMT") ? Date.parse(value) : Number.NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
