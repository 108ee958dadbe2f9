import type { LockedPackage } from "@repo2singularity/contracts";
import { condaFacts } from "../lock/conda-facts.ts";
import { type KeptFiles, packagesOfFile, readKeptFiles } from "../lock/kept-files.ts";
import { distributionFacts } from "../lock/distribution-facts.ts";
import { parseCondaMetaName, parseDistInfoName } from "../lock/metadata-names.ts";
import { readRPackage } from "../lock/r-package.ts";
import { listPlainFolder, readPlainText } from "../layer/plain-files.ts";

/** What one layer says of the packages of the image. */
export interface LayerPackages {
  /** All packages of the distribution, when the layer changed their database. */
  readonly apt?: readonly LockedPackage[] | undefined;
  /** Packages that the layer adds other than the distribution's, by the path of their metadata in the image. */
  readonly installed: Readonly<Record<string, LockedPackage>>;
  /** Paths in the image that the layer removes or replaces, with everything below them. */
  readonly removed: readonly string[];
  /** Lock files of installers that write their own. */
  readonly files?: KeptFiles | undefined;
}

/** The lock files of an image whose layers, bottom first, say these things; `undefined` when there are none. */
export function mergeFiles(layers: readonly LayerPackages[]): KeptFiles | undefined {
  const files: KeptFiles = Object.assign({}, ...layers.map((layer) => layer.files ?? {}));
  return Object.keys(files).length === 0 ? undefined : files;
}

/** The packages of an image whose layers, bottom first, say these things. */
export function mergePackages(layers: readonly LayerPackages[]): readonly LockedPackage[] {
  let apt: readonly LockedPackage[] = [];
  const installed = new Map<string, LockedPackage>();
  for (const layer of layers) {
    apt = layer.apt ?? apt;
    for (const gone of layer.removed) {
      for (const place of installed.keys()) if (`${place}/`.startsWith(`${gone}/`)) installed.delete(place);
    }
    for (const [place, found] of Object.entries(layer.installed)) installed.set(place, found);
  }
  const order = (one: LockedPackage): string => `${one.manager} ${one.prefix ?? ""} ${one.name} ${one.version}`;
  return [...apt, ...installed.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/**
 * Reads what a layer's folder in overlay form says of packages: dpkg's database, the `*.dist-info` folders and
 * `conda-meta` records of environments under /srv and /usr/local, R's library, and lock files that steps kept.
 * @param tree the upper folder of the layer; whiteouts are character devices
 */
export async function readLayerPackages(tree: string): Promise<LayerPackages> {
  const status = await readPlainText(tree, "var/lib/dpkg/status");
  const installed: Record<string, LockedPackage> = {};
  const removed: string[] = [];
  for (const prefix of await pythonPrefixes(tree, removed)) {
    await collectConda(tree, prefix, installed, removed);
    for (const packages of await sitePackages(tree, prefix, removed)) {
      await collectDistributions(tree, prefix, packages, installed, removed);
    }
  }
  await collectR(tree, installed, removed);
  const files = await collectFiles(tree, installed, removed);
  return {
    apt: status === undefined ? undefined : parseDpkgStatus(status),
    installed,
    removed,
    ...(files === undefined ? {} : { files }),
  };
}

/** The installed packages of a dpkg status file, sorted as they stand there. Source: deb-control(5). */
export function parseDpkgStatus(text: string): readonly LockedPackage[] {
  return text.split(/\n\n+/).flatMap((stanza): LockedPackage[] => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(stanza)?.[1];
    const name = field("Package");
    const version = field("Version");
    if (name === undefined || version === undefined || field("Status") !== "install ok installed") return [];
    return [{ manager: "apt", name, version }];
  });
}

/** Where recipes install R's packages. */
const rLibrary = "/srv/rlibs";

async function pythonPrefixes(tree: string, removed: string[]): Promise<readonly string[]> {
  const prefixes = ["/usr/local"];
  for (const entry of await listPlainFolder(tree, "srv")) {
    if (!entry.isDirectory()) removed.push(`/srv/${entry.name}`);
    else prefixes.push(`/srv/${entry.name}`);
  }
  return prefixes;
}

async function sitePackages(tree: string, prefix: string, removed: string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await listPlainFolder(tree, `${prefix}/lib`)) {
    if (!entry.name.startsWith("python3")) continue;
    for (const kind of ["site-packages", "dist-packages"]) {
      const place = `${prefix}/lib/${entry.name}/${kind}`;
      if (entry.isCharacterDevice()) removed.push(place);
      if (entry.isDirectory()) found.push(place);
    }
  }
  return found;
}

async function collectDistributions(
  tree: string,
  prefix: string,
  packages: string,
  installed: Record<string, LockedPackage>,
  removed: string[],
): Promise<void> {
  for (const entry of await listPlainFolder(tree, packages)) {
    const named = parseDistInfoName(entry.name);
    if (named === undefined) continue;
    const place = `${packages}/${entry.name}`;
    if (entry.isCharacterDevice()) removed.push(place);
    if (!entry.isDirectory()) continue;
    installed[place] = { ...named, prefix, ...(await distributionFacts(tree, place)) };
  }
}

async function collectConda(
  tree: string,
  prefix: string,
  installed: Record<string, LockedPackage>,
  removed: string[],
): Promise<void> {
  const folder = `${prefix}/conda-meta`;
  for (const entry of await listPlainFolder(tree, folder)) {
    const named = parseCondaMetaName(entry.name);
    if (named === undefined) continue;
    const place = `${folder}/${entry.name}`;
    if (entry.isCharacterDevice()) removed.push(place);
    if (!entry.isFile()) continue;
    installed[place] = { ...named, prefix, ...(await condaFacts(tree, place)) };
  }
}

/** R packages of the image's own library; those of the distribution's R are packages of the distribution. */
async function collectR(tree: string, installed: Record<string, LockedPackage>, removed: string[]): Promise<void> {
  for (const entry of await listPlainFolder(tree, rLibrary)) {
    const place = `${rLibrary}/${entry.name}`;
    if (entry.isCharacterDevice()) removed.push(place);
    const found = entry.isDirectory() ? await readRPackage(tree, place) : undefined;
    if (found !== undefined) installed[place] = { ...found, prefix: rLibrary };
  }
}

/** What lock files speak of; one that is there again takes the place of the earlier one. */
async function collectFiles(
  tree: string,
  installed: Record<string, LockedPackage>,
  removed: string[],
): Promise<KeptFiles | undefined> {
  const kept = await readKeptFiles(tree);
  for (const file of kept) {
    removed.push(file.place);
    for (const one of packagesOfFile(file)) installed[`${file.place}/${one.name}`] = one;
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept.map(({ name, text }) => [name, text]));
}
