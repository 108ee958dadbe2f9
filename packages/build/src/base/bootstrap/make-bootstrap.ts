import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { walkDirectory, type TreeEntry } from "@repo2singularity/image";
import { softwareTimeSeconds } from "../../pipeline/group-key.ts";
import { removeTree } from "@repo2singularity/store";
import type { BaseDependencies } from "../base-dependencies.ts";
import { bootstrapTree } from "./bootstrap-tree.ts";
import { cleanBootstrap } from "./clean-bootstrap.ts";
import { findMmdebstrap } from "./find-mmdebstrap.ts";
import { type BootstrapRelease, type SuiteSource } from "./suites.ts";
import { snapshotUri } from "@repo2singularity/recipe";
import type { HostSettings } from "../../host/host-settings.ts";
import { snapshotRoots } from "../../host/apt-snapshots.ts";
import { hasSuite } from "../../host/has-suite.ts";
import { hostEnvironment } from "../../executor/host.ts";

/**
 * Bootstraps a release and gives its entries; the tree is removed when they have been read or dropped.
 * @param from.mirror URL of the release's main archive, over the machine's own settings
 * @param from.day `YYYY-MM-DD` for the archives as they were at its end
 * @throws E_BASE_UNAVAILABLE
 */
export async function* bootstrapEntries(
  release: BootstrapRelease,
  deps: BaseDependencies,
  from: { readonly mirror?: string; readonly day?: string } = {},
): AsyncGenerator<TreeEntry, void, undefined> {
  const { signal } = deps;
  const withSignal = signal === undefined ? {} : { signal };
  const env = hostEnvironment(deps.host);
  const mmdebstrap = await findMmdebstrap({ runner: deps.host.runner, env, store: deps.store, ...withSignal });
  const { mirror, day } = from;
  const mirrors = day === undefined ? await mirrorsFor(release, deps) : snapshotsFor(release, day, deps.settings);
  const architecture = deps.platform === "linux/amd64" ? "amd64" : "arm64";
  const scratchDir = join(await deps.store.makeScratchFolder(), "bootstrap");
  await mkdir(scratchDir);
  try {
    const tree = await bootstrapTree({
      host: deps.host,
      settings: deps.settings,
      mmdebstrap,
      release,
      architecture,
      isOfThePast: day !== undefined,
      mirrorOf: ({ kind, suite }) => (kind === "debianSecurity" ? undefined : mirror) ?? mirrors.get(suite),
      scratchDir,
      ...(deps.onLine === undefined ? {} : { onLine: deps.onLine }),
      ...withSignal,
    });
    const entries = walkDirectory(tree, {
      ownership: "root",
      mtime: { fixedSeconds: softwareTimeSeconds },
      xattrs: "none",
      ...withSignal,
    });
    yield* cleanBootstrap(entries, release, architecture);
  } finally {
    await removeTree(scratchDir);
  }
}

/** For each suite the archive of a day, by suite. */
function snapshotsFor(
  release: BootstrapRelease,
  day: string,
  settings: Pick<HostSettings, "mirrors">,
): ReadonlyMap<string, string> {
  const roots = snapshotRoots(settings.mirrors);
  return new Map(release.sources.map(({ kind, suite }) => [suite, snapshotUri(kind, day, roots)]));
}

/** For each suite the mirror that has it, by suite. */
async function mirrorsFor(release: BootstrapRelease, deps: BaseDependencies): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { kind, suite } of release.sources satisfies readonly SuiteSource[]) {
    const mirror = deps.settings.archives[kind];
    if (mirror === undefined) continue;
    const isKnown = mirror.knownSuites === undefined || mirror.knownSuites.includes(suite);
    if (isKnown || (await hasSuite(deps.client, mirror.uri, suite, deps.signal))) found.set(suite, mirror.uri);
  }
  return found;
}
