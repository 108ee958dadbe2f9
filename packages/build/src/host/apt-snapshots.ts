import type { Mirrors } from "@repo2singularity/contracts";
import { publicSnapshots, type SnapshotRoots, snapshotUri } from "@repo2singularity/recipe";
import { publicArchiveKind } from "./apt-archives.ts";
import { type AptSourcesFile, rewriteAptSources } from "./apt-sources.ts";

/** Where the archives of the past are: at the places of the `mirrors` table, else at their public ones. */
export function snapshotRoots({ debianSnapshot, ubuntuSnapshot }: Mirrors): SnapshotRoots {
  const { debian, ubuntu } = publicSnapshots;
  return {
    debian: debianSnapshot?.replace(/\/+$/, "") ?? debian,
    ubuntu: ubuntuSnapshot?.replace(/\/+$/, "") ?? ubuntu,
  };
}

/**
 * The sources of a base with the archives of a day, for builds whose `mirrors` table says where those are. Without a
 * mirror the sources of the image itself count, which its first step has changed to the public addresses.
 */
export function snapshotSources(
  sources: readonly AptSourcesFile[],
  day: string,
  mirrors: Mirrors,
): readonly AptSourcesFile[] {
  if (mirrors.debianSnapshot === undefined && mirrors.ubuntuSnapshot === undefined) return [];
  const roots = snapshotRoots(mirrors);
  return sources.map((file) => {
    const text = rewriteAptSources(file, (uri) => {
      const kind = publicArchiveKind(uri);
      return kind === undefined ? undefined : snapshotUri(kind, day, roots);
    });
    return { path: file.path, text };
  });
}
