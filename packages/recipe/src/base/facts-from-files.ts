import type { BaseFacts } from "@repo2singularity/contracts";
import { findRelease } from "./distributions.ts";

/** What was read from a base's root tree. */
export interface BaseFiles {
  /** Text of `/etc/os-release` or `/usr/lib/os-release`, empty when there is none. */
  readonly osRelease: string;
  /** Whether `/usr/bin/apt-get` is there. */
  readonly hasApt: boolean;
  /** Absolute paths of files named `python3.N`, such as `/usr/local/bin/python3.12`. */
  readonly pythonPaths: readonly string[];
  /** Text of `/var/lib/dpkg/status`, when there is one. */
  readonly dpkgStatus?: string;
}

/** Folders in the order in which an interpreter there is preferred: what an image's maker added comes first. */
const preferredFolders = ["/usr/local/bin/", "/opt/", "/usr/bin/", "/bin/"];

/** Reads a base's facts from its own files. Interpreters elsewhere than in the usual folders come last. */
export function factsFromFiles(reference: string, files: BaseFiles): BaseFacts {
  const fields = parseOsRelease(files.osRelease);
  const distribution = fields.get("ID") ?? "";
  const codename = fields.get("VERSION_CODENAME") ?? fields.get("UBUNTU_CODENAME") ?? "";
  const family = distribution === "debian" || distribution === "ubuntu" ? distribution : undefined;
  const release = family === undefined ? undefined : findRelease(family, codename);
  return {
    reference,
    distribution,
    codename,
    packageManager: files.hasApt ? "apt" : "none",
    pythons: sortInterpreters(files.pythonPaths),
    packagedPythons: files.hasApt ? [...(release?.packagedPythons ?? [])] : [],
    ...(files.dpkgStatus === undefined ? {} : { hasPackages: installedPackages(files.dpkgStatus) }),
  };
}

/** `KEY=value` lines with the quoting of sh. Source: os-release(5). */
function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const groups = /^(?<key>[A-Z0-9_]+)=(?<quote>["']?)(?<value>.*?)\k<quote>\s*$/.exec(line)?.groups;
    const key = groups?.["key"];
    if (key !== undefined) fields.set(key, (groups?.["value"] ?? "").replaceAll(/\\(["'$`\\])/g, "$1"));
  }
  return fields;
}

function rankFolder(path: string): number {
  const index = preferredFolders.findIndex((folder) => path.startsWith(folder));
  return index < 0 ? preferredFolders.length : index;
}

function sortInterpreters(paths: readonly string[]): BaseFacts["pythons"] {
  return paths
    .flatMap((path) => {
      const version = /\/python(?<version>3\.\d+)$/.exec(path)?.groups?.["version"];
      return version === undefined ? [] : [{ version, path }];
    })
    .toSorted(
      (a, b) => rankFolder(a.path) - rankFolder(b.path) || Number(b.version.slice(2)) - Number(a.version.slice(2)),
    );
}

/** Names of the packages that dpkg holds for installed. Source: dpkg's status file, deb822 paragraphs. */
function installedPackages(status: string): string[] {
  return status.split(/\n\n+/).flatMap((paragraph) => {
    const name = /^Package: (?<name>\S+)$/m.exec(paragraph)?.groups?.["name"];
    return name !== undefined && /^Status: \S+ \S+ installed$/m.test(paragraph) ? [name] : [];
  });
}
