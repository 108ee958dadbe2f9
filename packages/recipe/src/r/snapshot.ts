/** Root of Posit's package manager, which has CRAN as it was on any day since October 2017, as binaries for many Linuxes. */
export const snapshotRoot = "https://packagemanager.posit.co/cran";

/** The first day of the snapshots. Source: docs.posit.co/rspm, "Repository snapshots" */
export const firstSnapshotDay = "2017-10-10";

/**
 * The CRAN repository that packages come from.
 * @param codename of the distribution, `bookworm`
 * @param date `YYYY-MM-DD`, or `undefined` for the newest packages
 */
export function snapshotUrl(root: string, codename: string, date: string | undefined): string {
  return `${root}/__linux__/${codename}/${date ?? "latest"}`;
}
