import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, asTables, asText, asTexts, type Table } from "../python/toml-file.ts";
import type { PinnedPackage } from "../python/locks/pinned-package.ts";
import type { CondaPackage } from "./conda-request.ts";
import { readYaml } from "./yaml-file.ts";

/** Packages of a lock for one platform. */
export interface LockedEnvironment {
  readonly packages: readonly CondaPackage[];
  readonly pip: readonly PinnedPackage[];
}

/** What a lock says besides its packages. */
export interface CondaLock extends LockedEnvironment {
  /** The files that it was made from. */
  readonly sources: readonly string[];
}

/**
 * Reads `conda-lock.yml`: the packages of a platform, those for development as well, as `conda-lock install` takes them.
 * @throws E_RECIPE_FILE_INVALID for YAML that cannot be parsed, other shapes, other versions, and other platforms
 * Source: conda-lock, `lockfile/v1/models.py`
 */
export function readCondaLock(file: ConfigFile, subdir: string): CondaLock {
  const content = asTable(file, readYaml(file), "the file") ?? {};
  if (content["version"] !== 1) {
    throw invalidFile(file.path, `its version ${JSON.stringify(content["version"])} is not known; 1 is`);
  }
  const metadata = asTable(file, content["metadata"], "metadata") ?? {};
  const entries = asTables(file, content["package"], "package").filter(
    (entry) => entry["platform"] === subdir && (entry["optional"] !== true || entry["category"] === "dev"),
  );
  if (entries.length === 0) {
    throw invalidFile(file.path, `it has no packages for ${subdir}`, {
      hint: `lock the environment with: conda-lock --platform ${subdir}`,
    });
  }
  return {
    sources: asTexts(file, metadata["sources"] ?? [], "metadata.sources"),
    packages: entries.filter(({ manager }) => manager === "conda").map((entry) => readPackage(file, entry)),
    pip: entries.filter(({ manager }) => manager === "pip").map((entry) => readPip(file, entry)),
  };
}

function readPackage(file: ConfigFile, entry: Table): CondaPackage {
  const url = asText(file, entry["url"], "package.url");
  if (url === undefined) throw invalidFile(file.path, "a package has no address");
  const hash = asTable(file, entry["hash"], `${url}: hash`) ?? {};
  const [sha256, md5] = [asText(file, hash["sha256"], "hash.sha256"), asText(file, hash["md5"], "hash.md5")];
  return { url, ...(sha256 === undefined ? {} : { sha256 }), ...(md5 === undefined ? {} : { md5 }) };
}

/** Packages of an index come from the machine's own; any other address stands as it is. */
function readPip(file: ConfigFile, entry: Table): PinnedPackage {
  const text = (key: string): string | undefined => asText(file, entry[key], `package.${key}`);
  const [name, version, url] = [text("name"), text("version"), text("url") ?? ""];
  if (name === undefined || version === undefined) throw invalidFile(file.path, "a package has no name or version");
  const sha256 = asText(file, asTable(file, entry["hash"], "hash")?.["sha256"], "hash.sha256");
  const isIndexed = url === "" || /^https:\/\/(files\.pythonhosted\.org|pypi\.org)\//.test(url);
  return {
    name,
    version,
    origin: isIndexed ? { kind: "index" } : { kind: "url", url },
    hashes: sha256 === undefined ? [] : [`sha256:${sha256}`],
    isSourceOnly: !/\.whl(#|$)/.test(url),
  };
}
