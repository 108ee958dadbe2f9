const archiveNames = /\.(?:zip|tar|tgz|tar\.(?:gz|xz|bz2|zst|zstd)|txz|tbz2?|tzst)$/i;

/** Whether a file's name says that it is an archive that can be unpacked. */
export function isArchiveName(name: string): boolean {
  return archiveNames.test(name);
}
