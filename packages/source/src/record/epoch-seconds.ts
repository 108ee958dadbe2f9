/**
 * Whole seconds since 1970 of an ISO 8601 time; one without a zone is in UTC, as the archives' servers mean it.
 * @returns undefined for a text that is none, or none at all
 */
export function epochSeconds(text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined;
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text);
  const ms = Date.parse(hasZone || !text.includes("T") ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
