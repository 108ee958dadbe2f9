import { constants } from "node:fs";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { publicArchiveKind, type ArchiveKind, type ArchiveMirror } from "./apt-archives.ts";
import { type AptSourcesFile, parseAptSources, rewriteAptSources } from "./apt-sources.ts";
import type { HostSettings } from "./host-settings.ts";
import { stepEnv } from "./step-env.ts";
import { aptConf, aptStateDir, npmrc, pipConf, settingsDir } from "./step-files.ts";

/** A file or folder of this machine that a step sees; structurally the executor's own type. */
export interface SettingsMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What gives a step the machine's settings; nothing of it lies in the tree that becomes a layer. */
export interface StepSurroundings {
  readonly mounts: readonly SettingsMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
}

/** What {@link writeStepSurroundings} needs to know of a build. */
export interface SurroundingsOptions {
  /** An empty folder of this build that only its user may enter: files in it can hold credentials. */
  readonly directory: string;
  /** The base's own apt sources; where a mirror is set, a rewritten copy is mounted over each. */
  readonly aptSources: readonly AptSourcesFile[];
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
    ["apt.conf", aptConf(settings)],
    ["pip.conf", pipConf(settings, links.seen)],
    ["npmrc", npmrc(settings)],
    ...sources.map(({ name, text }): [string, string] => [name, text]),
  ]);
  for (const [name, content] of files) await writeFile(join(directory, name), content, { mode: 0o600, flag: "wx" });
  for (const folder of ["lists/partial", "cache/archives/partial", "log"]) {
    await mkdir(join(directory, "apt", folder), { recursive: true });
  }
  const own = ["ca.crt", "apt.conf", "pip.conf", "npmrc"].map((name) =>
    mountOf(join(directory, name), `${settingsDir}/${name}`),
  );
  const state = { source: join(directory, "apt"), target: aptStateDir, readOnly: false };
  const rewritten = sources.map(({ name, path }) => mountOf(join(directory, name), path));
  return { mounts: [...own, state, ...links.mounts, ...rewritten], env: stepEnv(settings, links.seen), notices };
}

function mountOf(source: string, target: string): SettingsMount {
  return { source, target, readOnly: true };
}

/** Local folders with packages are mounted; one that is not there is told and left out. */
async function findLinksMounts(
  findLinks: readonly string[],
  notices: string[],
): Promise<{ readonly mounts: readonly SettingsMount[]; readonly seen: readonly string[] }> {
  const mounts: SettingsMount[] = [];
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

interface RewrittenSources extends AptSourcesFile {
  readonly name: string;
}

async function rewrittenSources(
  settings: HostSettings,
  options: SurroundingsOptions,
  notices: string[],
): Promise<readonly RewrittenSources[]> {
  const usable = await usableMirrors(settings, options, notices);
  return options.aptSources.flatMap((file, index) => {
    const text = rewriteAptSources(file, (uri, suite) => usable.get(`${publicArchiveKind(uri)} ${suite}`));
    return text === file.text ? [] : [{ path: file.path, name: `apt-sources-${index}`, text }];
  });
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
