import type { Mirrors } from "@repo2singularity/contracts";

/** Where Python packages come from; URLs may hold credentials and are shown only through `redactUrl`. */
export interface PythonIndexSettings {
  readonly indexUrl?: string;
  readonly extraIndexUrls: readonly string[];
  /** Folders (absolute) and URLs with files to choose from beside the index. */
  readonly findLinks: readonly string[];
  readonly noIndex: boolean;
  /** Hosts, with or without port, whose certificates are not checked. */
  readonly trustedHosts: readonly string[];
  /** uv's way with several indexes: `first-index`, `unsafe-first-match`, `unsafe-best-match`. */
  readonly indexStrategy?: string;
  /** Seconds that a client waits for an answer. */
  readonly timeoutSeconds?: number;
  /** Where uv finds its standalone Python builds. */
  readonly pythonBuildsUrl?: string;
}

/** Settings of one client, each of them only when that client has it. */
export type PartialIndexSettings = Partial<PythonIndexSettings>;

/**
 * One answer from what the `mirrors` table, uv and pip say, in this order: people set up one of the two
 * clients and mean both. The index and the extra indexes are taken from one client together, so that
 * a private index of one is never mixed with the public default of the other.
 */
export function mergePythonIndexes(
  mirrors: Mirrors,
  uv: PartialIndexSettings,
  pip: PartialIndexSettings,
): PythonIndexSettings {
  const leading = namesIndex(uv) ? uv : pip;
  const indexUrl = mirrors.python ?? leading.indexUrl;
  const indexStrategy = uv.indexStrategy;
  const timeoutSeconds = uv.timeoutSeconds ?? pip.timeoutSeconds;
  const pythonBuildsUrl = mirrors.pythonBuilds ?? uv.pythonBuildsUrl;
  return {
    ...(indexUrl === undefined ? {} : { indexUrl }),
    extraIndexUrls: leading.extraIndexUrls ?? [],
    findLinks: [...new Set([...(uv.findLinks ?? []), ...(pip.findLinks ?? [])])],
    noIndex: mirrors.python === undefined && (leading.noIndex ?? false),
    trustedHosts: [...new Set([...(uv.trustedHosts ?? []), ...(pip.trustedHosts ?? [])])],
    ...(indexStrategy === undefined ? {} : { indexStrategy }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(pythonBuildsUrl === undefined ? {} : { pythonBuildsUrl }),
  };
}

function namesIndex(settings: PartialIndexSettings): boolean {
  return settings.indexUrl !== undefined || settings.noIndex === true || (settings.extraIndexUrls?.length ?? 0) > 0;
}
