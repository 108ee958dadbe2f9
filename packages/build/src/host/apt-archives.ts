import type { Mirrors } from "@repo2singularity/contracts";
import type { AptSource } from "./apt-sources.ts";
import type { OsRelease } from "./os-release.ts";

/** The archives that the distributions themselves keep. */
export type ArchiveKind = "debian" | "debianSecurity" | "ubuntu";

/** Where an archive is to be fetched from instead of its public address. */
export interface ArchiveMirror {
  /** Root of the archive, without a slash at the end; may hold credentials. */
  readonly uri: string;
  /**
   * Suites that the mirror is known to have, from this machine's own sources;
   * `undefined` when the `mirrors` table names it, which is taken at its word.
   */
  readonly knownSuites?: readonly string[];
}

export type ArchiveMirrors = Readonly<Partial<Record<ArchiveKind, ArchiveMirror>>>;

/** Which public archive a URI is, or `undefined` for anything else. */
export function publicArchiveKind(uri: string): ArchiveKind | undefined {
  if (!URL.canParse(uri)) return undefined;
  const { hostname, pathname } = new URL(uri);
  const path = pathname.replace(/\/+$/, "");
  if (hostname === "security.debian.org" || (isDebianHost(hostname) && path === "/debian-security")) {
    return "debianSecurity";
  }
  if (isDebianHost(hostname) && path === "/debian") return "debian";
  if (/^(?:[a-z.-]+\.)?(?:archive|security)\.ubuntu\.com$/.test(hostname) && path === "/ubuntu") return "ubuntu";
  return undefined;
}

function isDebianHost(hostname: string): boolean {
  return /^(?:deb|httpredir|cdn-fastly\.deb|ftp(?:\.[a-z0-9]+)?)\.debian\.org$/.test(hostname);
}

/**
 * The mirrors to use: the `mirrors` table first, then what this machine's apt uses for its own distribution.
 * A machine that uses a public address has no mirror.
 */
export function findArchiveMirrors(
  mirrors: Mirrors,
  release: OsRelease,
  sources: readonly AptSource[],
): ArchiveMirrors {
  const found: Partial<Record<ArchiveKind, ArchiveMirror>> = {};
  const own = ownSources(release, sources);
  const security = own.filter((source) => isSecurity(source.suite));
  const main = own.filter((source) => !isSecurity(source.suite));
  if (release.id === "debian") {
    set(found, "debian", mirrorOf(main, "/debian"));
    set(found, "debianSecurity", mirrorOf(security, "/debian-security"));
  }
  if (release.id === "ubuntu") set(found, "ubuntu", mirrorOf(main, "/ubuntu"));
  for (const kind of ["debian", "debianSecurity", "ubuntu"] as const) {
    const uri = mirrors[kind]?.replace(/\/+$/, "");
    if (uri !== undefined) found[kind] = { uri };
  }
  return found;
}

function set(found: Partial<Record<ArchiveKind, ArchiveMirror>>, kind: ArchiveKind, mirror?: ArchiveMirror): void {
  if (mirror !== undefined) found[kind] = mirror;
}

/** Sources of the distribution itself, as far as a suite and a component can tell. */
function ownSources(release: OsRelease, sources: readonly AptSource[]): readonly AptSource[] {
  const names = new Set([release.codename, "stable", "oldstable", "testing", "unstable", "sid"]);
  return sources.filter(({ uri, suite, components }) => {
    const base = suite.replace(/(?:-(?:updates|security|backports|proposed-updates)|\/updates)$/, "");
    return /^https?:/.test(uri) && names.has(base) && components.includes("main");
  });
}

function isSecurity(suite: string): boolean {
  return suite.endsWith("-security") || suite.endsWith("/updates");
}

/** The archive's mirror among candidates, where one with the usual path goes before third parties' archives. */
function mirrorOf(candidates: readonly AptSource[], usualPath: string): ArchiveMirror | undefined {
  if (candidates.some(({ uri }) => publicArchiveKind(uri) !== undefined)) return undefined;
  const chosen = candidates.find(({ uri }) => uri.endsWith(usualPath)) ?? candidates[0];
  if (chosen === undefined) return undefined;
  const knownSuites = candidates.filter(({ uri }) => uri === chosen.uri).map(({ suite }) => suite);
  return { uri: chosen.uri, knownSuites: [...new Set(knownSuites)] };
}
