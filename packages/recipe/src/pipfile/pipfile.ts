import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, asTables, asText, readToml, type Table } from "../python/toml-file.ts";

/** An index that a Pipfile names. */
export interface PipfileSource {
  readonly name: string;
  readonly url: string;
  /** Whether its certificate is checked. */
  readonly verifiesCertificate: boolean;
}

/** What a `Pipfile` or a `Pipfile.lock` asks for, its packages not looked at yet. */
export interface Pipfile {
  readonly sources: readonly PipfileSource[];
  /** The full version or the line of Python that it asks for. */
  readonly python?: string;
  readonly packages: Table;
  readonly devPackages: Table;
  /** Names of further lists, which nobody installs who does not ask for them. */
  readonly categories: readonly string[];
  /** All that it says, for the digest that a lock keeps. */
  readonly content: Table;
}

/** What a `Pipfile.lock` says. */
export interface PipfileLock extends Pipfile {
  /** Digest of the Pipfile that it was made from, in lower-case hexadecimal. */
  readonly pipfileSha256?: string;
}

/** Tables of a Pipfile that are no lists of packages. */
const otherTables = ["source", "requires", "pipenv", "scripts", "pipfile"];

/**
 * Reads a `Pipfile`.
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed and for other shapes
 * Source: pypa/pipfile; pipenv.pypa.io, "Pipfile & Pipfile.lock"
 */
export function readPipfile(file: ConfigFile): Pipfile {
  const content = readToml(file);
  return {
    ...readParts(file, asTables(file, content["source"], "source"), asTable(file, content["requires"], "requires")),
    packages: asTable(file, content["packages"], "packages") ?? {},
    devPackages: asTable(file, content["dev-packages"], "dev-packages") ?? {},
    categories: Object.keys(content).filter((key) => ![...otherTables, "packages", "dev-packages"].includes(key)),
    content,
  };
}

/**
 * Reads a `Pipfile.lock`.
 * @throws E_RECIPE_FILE_INVALID for JSON that cannot be parsed and for other shapes
 */
export function readPipfileLock(file: ConfigFile): PipfileLock {
  const content = readJson(file);
  const meta = asTable(file, content["_meta"], "_meta") ?? {};
  const pipfileSha256 = asText(file, asTable(file, meta["hash"], "_meta.hash")?.["sha256"], "_meta.hash.sha256");
  return {
    ...readParts(
      file,
      asTables(file, meta["sources"], "_meta.sources"),
      asTable(file, meta["requires"], "_meta.requires"),
    ),
    packages: asTable(file, content["default"], "default") ?? {},
    devPackages: asTable(file, content["develop"], "develop") ?? {},
    categories: Object.keys(content).filter((key) => !["_meta", "default", "develop"].includes(key)),
    content,
    ...(pipfileSha256 === undefined ? {} : { pipfileSha256 }),
  };
}

function readParts(
  file: ConfigFile,
  sources: readonly Table[],
  requires: Table | undefined,
): Pick<Pipfile, "sources" | "python"> {
  const wanted = asText(
    file,
    requires?.["python_full_version"] ?? requires?.["python_version"],
    "requires.python_version",
  );
  const python = /^\d+(?:\.\d+){0,2}/.exec(wanted ?? "")?.[0];
  return {
    sources: sources.map((source) => {
      const url = asText(file, source["url"], "source.url");
      if (url === undefined || /\s/.test(url)) throw invalidFile(file.path, "a source has no address");
      const name = asText(file, source["name"], "source.name") ?? url;
      return { name, url, verifiesCertificate: source["verify_ssl"] !== false };
    }),
    ...(python === undefined ? {} : { python }),
  };
}

function readJson(file: ConfigFile): Table {
  let content: unknown;
  try {
    content = JSON.parse(file.text);
  } catch (cause) {
    throw invalidFile(file.path, cause instanceof Error ? cause.message : "invalid JSON", { cause });
  }
  return asTable(file, content, "the file") ?? {};
}
