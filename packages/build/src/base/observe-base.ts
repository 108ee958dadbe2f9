import { AppError } from "@repo2singularity/base";
import type { EntryContent, TreeEntry } from "@repo2singularity/image";
import type { BaseFacts, LockedPackage } from "@repo2singularity/contracts";
import { factsFromFiles } from "@repo2singularity/recipe";
import type { AptSourcesFile } from "../host/apt-sources.ts";
import { packageOfEntry } from "../pipeline/package-of-entry.ts";
import { type LayerPackages, parseDpkgStatus } from "../pipeline/resolved-packages.ts";

/** What a base's own files say of it. */
export interface BaseObservation {
  readonly facts: BaseFacts;
  readonly packages: LayerPackages;
  readonly aptSources: readonly AptSourcesFile[];
}

/** A dpkg database of 5,000 packages has 8 MB; more than this is none. */
const textLimitBytes = 64 * 2 ** 20;

/**
 * Reads a base's facts while its entries go by to be packed, so that no base is read twice.
 * Memory: the texts of its package database and apt sources.
 */
export class BaseObserver {
  readonly #texts = new Map<string, string>();
  readonly #interpreters = new Set<string>();
  readonly #installed: Record<string, LockedPackage> = {};
  #hasApt = false;

  /** The same entries; texts that are of interest are read into memory first. @throws E_LIMIT_EXCEEDED */
  async *watch(entries: AsyncIterable<TreeEntry>): AsyncGenerator<TreeEntry, void, undefined> {
    for await (const entry of entries) {
      this.#notePath(entry);
      yield isOfInterest(entry.path) && entry.type === "file" ? await this.#readText(entry) : entry;
    }
  }

  /** What was seen; to be asked when all entries went by. */
  observation(reference: string): BaseObservation {
    const dpkgStatus = this.#texts.get("var/lib/dpkg/status");
    const osRelease = this.#texts.get("etc/os-release") ?? this.#texts.get("usr/lib/os-release") ?? "";
    const sources = [...this.#texts].filter(([path]) => path.startsWith("etc/apt/sources.list"));
    return {
      facts: factsFromFiles(reference, {
        osRelease,
        hasApt: this.#hasApt,
        pythonPaths: [...this.#interpreters].sort(),
        ...(dpkgStatus === undefined ? {} : { dpkgStatus }),
      }),
      packages: {
        ...(dpkgStatus === undefined ? {} : { apt: parseDpkgStatus(dpkgStatus) }),
        installed: this.#installed,
        removed: [],
      },
      aptSources: sources.map(([path, text]) => ({ path: `/${path}`, text })).sort(byPath),
    };
  }

  #notePath({ path, type }: TreeEntry): void {
    if (path === "usr/bin/apt-get") this.#hasApt = true;
    if (type !== "directory" && /(?:^|\/)bin\/python3\.\d+$/.test(path)) this.#interpreters.add(`/${path}`);
    const found = packageOfEntry({ path, type });
    if (found !== undefined) this.#installed[`/${path}`] = found;
  }

  async #readText(entry: TreeEntry): Promise<TreeEntry> {
    const bytes = await readAll(entry);
    this.#texts.set(entry.path, bytes.toString("utf8"));
    return { ...entry, content: contentOf(bytes) };
  }
}

/** The content of a file that is in memory. */
export function contentOf(bytes: Uint8Array): EntryContent {
  return {
    stream: async function* () {
      yield bytes;
    },
  };
}

function isOfInterest(path: string): boolean {
  return (
    path === "etc/os-release" ||
    path === "usr/lib/os-release" ||
    path === "var/lib/dpkg/status" ||
    /^etc\/apt\/sources\.list(?:\.d\/[^/]+\.(?:list|sources))?$/.test(path)
  );
}

async function readAll(entry: TreeEntry): Promise<Buffer> {
  if (entry.sizeBytes > textLimitBytes) {
    const found = `/${entry.path} of the base: at most ${textLimitBytes} bytes expected, found ${entry.sizeBytes}`;
    throw new AppError("E_LIMIT_EXCEEDED", found);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content?.stream() ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function byPath(a: AptSourcesFile, b: AptSourcesFile): number {
  return a.path < b.path ? -1 : 1;
}
