import { constants } from "node:fs";
import { access, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { HostMount } from "../executor/port.ts";
import { publicArchiveKind, type ArchiveKind, type ArchiveMirror } from "./apt-archives.ts";
import { type AptSourcesFile, parseAptSources, rewriteAptSources } from "./apt-sources.ts";
import { snapshotSources } from "./apt-snapshots.ts";
import type { HostSettings } from "./host-settings.ts";
import { stepEnv } from "./step-env.ts";
import { aptConf, aptListsDir, aptStateDir, npmrc, pipConf, settingsDir } from "./step-files.ts";

/** What gives a step the machine's settings; nothing of it lies in the tree that becomes a layer. */
export interface StepSurroundings {
  readonly mounts: readonly HostMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
}

/** What {@link writeStepSurroundings} needs to know of a build. */
export interface SurroundingsOptions {
  /** An empty folder of this build that only its user may enter: files in it can hold credentials. */
  readonly directory: string;
  /** The base's own apt sources; where a mirror is set, apt reads rewritten copies of all of them instead. */
  readonly aptSources: readonly AptSourcesFile[];
  /**
   * A folder of this machine that keeps apt's lists from build to build; the build's own when left out. Container files
   * may update the lists in one layer and install from them in another, which is made on another day.
   */
  readonly aptListsDir?: string;
  /** `YYYY-MM-DD` when apt takes its packages from that day; see `snapshotSources`. */
  readonly aptDay?: string | undefined;
  /** Whether a mirror has a suite that this machine itself does not use. */
  readonly hasSuite: (uri: string, suite: string) => Promise<boolean>;
}

/**
 * Writes the files through which steps have the machine's settings, and says how to mount them.
 * The caller removes the folder when the last step has ended.
 */
export async function writeStepSurroundings(
  settings: HostSettings,
  options: SurroundingsOptions,
): Promise<StepSurroundings> {
  const { directory } = options;
  const notices: string[] = [];
  const links = await findLinksMounts(settings.python.findLinks, notices);
  const sources = await rewrittenSources(settings, options, notices);
  const files = new Map([
    ["ca.crt", settings.caBundle],
    [
      "apt.conf",
      aptConf(settings, { hasOwnSources: sources.length > 0, keepsLists: options.aptListsDir !== undefined }),
    ],
    ["pip.conf", pipConf(settings, links.seen)],
    ["npmrc", npmrc(settings)],
  ]);
  for (const folder of ["lists/partial", "cache/archives/partial", "log", "sources"]) {
    await mkdir(join(directory, "apt", folder), { recursive: true });
  }
  const mounts = [...files.keys()].map((name) => mountOf(join(directory, name), `${settingsDir}/${name}`));
  for (const { name, text } of sources) files.set(`apt/sources/${name}`, text);
  for (const [name, content] of files) await writeFile(join(directory, name), content, { mode: 0o600, flag: "wx" });
  const state = { source: join(directory, "apt"), target: aptStateDir, readOnly: false };
  const lists = await keptLists(options.aptListsDir);
  return { mounts: [...mounts, state, ...lists, ...links.mounts], env: stepEnv(settings, links.seen), notices };
}

async function keptLists(folder: string | undefined): Promise<readonly HostMount[]> {
  if (folder === undefined) return [];
  await mkdir(join(folder, "partial"), { recursive: true });
  return [{ source: folder, target: aptListsDir, readOnly: false }];
}

function mountOf(source: string, target: string): HostMount {
  return { source, target, readOnly: true };
}

/** Local folders with packages are mounted; one that is not there is told and left out. */
async function findLinksMounts(
  findLinks: readonly string[],
  notices: string[],
): Promise<{ readonly mounts: readonly HostMount[]; readonly seen: readonly string[] }> {
  const mounts: HostMount[] = [];
  const seen: string[] = [];
  for (const link of findLinks) {
    const path = link.startsWith("file://") ? new URL(link).pathname : link;
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) {
      seen.push(path);
    } else if (path.startsWith("/") && (await isReadable(path))) {
      const target = `${settingsDir}/find-links/${mounts.length}`;
      mounts.push(mountOf(path, target));
      seen.push(target);
    } else {
      notices.push(`packages in ${path} are left out: the find-links setting names no readable absolute path`);
    }
  }
  return { mounts, seen };
}

/** A sources file under the name that apt reads it by. */
interface NamedSources {
  readonly name: string;
  readonly text: string;
}

/** All sources of the base when a mirror changes at least one of them, else none. */
async function rewrittenSources(
  settings: HostSettings,
  options: SurroundingsOptions,
  notices: string[],
): Promise<readonly NamedSources[]> {
  if (options.aptDay !== undefined) {
    return snapshotSources(options.aptSources, options.aptDay, settings.mirrors).map(namedSources);
  }
  const usable = await usableMirrors(settings, options, notices);
  if (usable.size === 0) return [];
  return options.aptSources.map((file) => {
    const text = rewriteAptSources(file, (uri, suite) => usable.get(`${publicArchiveKind(uri)} ${suite}`));
    return namedSources({ ...file, text });
  });
}

/** A folder of sources is read whole, so the main file of the base becomes one of its parts. */
function namedSources({ path, text }: AptSourcesFile): NamedSources {
  return { name: path.endsWith("/sources.list") ? "00-sources.list" : basename(path), text };
}

/** For each archive and suite that the base asks for: the mirror's URI, if it can be trusted to have that suite. */
async function usableMirrors(
  settings: HostSettings,
  options: SurroundingsOptions,
  notices: string[],
): Promise<ReadonlyMap<string, string>> {
  const usable = new Map<string, string>();
  for (const { uri, suite } of options.aptSources.flatMap(parseAptSources)) {
    const kind = publicArchiveKind(uri);
    const mirror = kind === undefined ? undefined : settings.archives[kind];
    if (kind === undefined || mirror === undefined || usable.has(`${kind} ${suite}`)) continue;
    if (await mirrorHas(mirror, suite, options)) usable.set(`${kind} ${suite}`, mirror.uri);
    else notices.push(missingSuite(kind, suite));
  }
  return usable;
}

async function mirrorHas(mirror: ArchiveMirror, suite: string, options: SurroundingsOptions): Promise<boolean> {
  if (mirror.knownSuites === undefined || mirror.knownSuites.includes(suite)) return true;
  return options.hasSuite(mirror.uri, suite);
}

function missingSuite(kind: ArchiveKind, suite: string): string {
  return `this machine's apt mirror has no ${suite}: ${suite} comes from the public ${kind} archive`;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
