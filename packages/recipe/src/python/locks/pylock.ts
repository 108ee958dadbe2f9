import { invalidFile, type ConfigFile } from "../../detect/config-file.ts";
import { formatMarker, parseMarker } from "../marker/marker.ts";
import { simplifyMarker, type MarkerEnvironment } from "../marker/simplify-marker.ts";
import { normalizeName } from "../requirement.ts";
import { asTable, asTables, asText, asTexts, readToml, type Table } from "../toml-file.ts";
import { indexOrigin, isFileForMachine, type PackageOrigin, type PinnedPackage } from "./pinned-package.ts";
import type { LockTarget, PythonLock } from "./python-lock.ts";

/**
 * Reads `pylock.toml`: its default groups, and no extras. Packages come from their index and not from the addresses of
 * their files, so that the machine's own index counts; hashes say that they are the same files.
 * @throws E_RECIPE_FILE_INVALID for TOML that cannot be parsed, other shapes, and versions that are not known
 * Source: PEP 751; packaging.python.org, "pylock.toml Specification"
 */
export function readPylock(file: ConfigFile): PythonLock {
  const content = readToml(file);
  const version = asText(file, content["lock-version"], "lock-version");
  if (version === undefined || !/^1(\.|$)/.test(version)) {
    throw invalidFile(file.path, `lock-version ${JSON.stringify(version)} is not known; "1.0" is`);
  }
  const groups = asTexts(file, content["default-groups"] ?? [], "default-groups").map(normalizeName);
  const packages = asTables(file, content["packages"], "packages");
  const requiresPython = asText(file, content["requires-python"], "requires-python");
  return {
    ...(requiresPython === undefined ? {} : { requiresPython }),
    choose: (target) => {
      const environment = { ...target, extras: new Set<string>(), groups: new Set(groups) };
      return packages.flatMap((table) => choosePackage(file, table, environment, target));
    },
    contents: groups.length === 0 ? "its packages" : `its packages with the groups ${groups.join(", ")}`,
    decisions: [],
  };
}

function choosePackage(
  file: ConfigFile,
  table: Table,
  environment: MarkerEnvironment,
  { machine }: LockTarget,
): readonly PinnedPackage[] {
  const name = asText(file, table["name"], "packages.name");
  if (name === undefined) throw invalidFile(file.path, "a package has no name");
  const condition = readCondition(file, asText(file, table["marker"], `${name}.marker`), environment);
  if (condition === false) return [];
  const version = asText(file, table["version"], `${name}.version`);
  const wheels = asTables(file, table["wheels"], `${name}.wheels`);
  const archive = asTable(file, table["archive"], `${name}.archive`);
  const source = asTable(file, table["sdist"], `${name}.sdist`);
  const files = [archive, source, ...wheels].filter((one) => one !== undefined);
  const usable = files.filter((one) => isFileForMachine(fileName(one), machine));
  const origin = readOrigin(file, table, name);
  return [
    {
      name,
      ...(version === undefined ? {} : { version }),
      origin,
      ...(condition === undefined ? {} : { marker: condition }),
      hashes: usable.flatMap((one) => readHashes(file, one, name)),
      isSourceOnly: origin.kind === "index" && !wheels.some((one) => isFileForMachine(fileName(one), machine)),
    },
  ];
}

/** @returns `false` where the package does not count, else what only the image can decide */
function readCondition(
  file: ConfigFile,
  text: string | undefined,
  environment: MarkerEnvironment,
): string | undefined | false {
  if (text === undefined) return undefined;
  const marker = parseMarker(text);
  if (typeof marker === "string") throw invalidFile(file.path, marker);
  const result = simplifyMarker(marker, environment);
  if (typeof result === "boolean") return result ? undefined : false;
  return formatMarker(result);
}

function fileName(table: Table): string {
  const place = [table["name"], table["url"], table["path"]].find((value) => typeof value === "string");
  return typeof place === "string" ? place : "";
}

function readHashes(file: ConfigFile, table: Table, name: string): readonly string[] {
  const hashes = Object.entries(asTable(file, table["hashes"], `${name}.hashes`) ?? {});
  return hashes.flatMap(([algorithm, digest]) => (typeof digest === "string" ? [`${algorithm}:${digest}`] : []));
}

function readOrigin(file: ConfigFile, table: Table, name: string): PackageOrigin {
  const part = (key: string): Table | undefined => asTable(file, table[key], `${name}.${key}`);
  const text = (from: Table | undefined, key: string): string | undefined =>
    asText(file, from?.[key], `${name}.${key}`);
  const vcs = part("vcs");
  if (vcs !== undefined) return vcsOrigin(file, vcs, name);
  const path = text(part("directory"), "path") ?? text(part("archive"), "path");
  if (path !== undefined) return { kind: "path", path };
  const url = text(part("archive"), "url");
  return url === undefined ? indexOrigin(asText(file, table["index"], `${name}.index`)) : { kind: "url", url };
}

function vcsOrigin(file: ConfigFile, vcs: Table, name: string): PackageOrigin {
  const text = (key: string): string | undefined => asText(file, vcs[key], `${name}.vcs.${key}`);
  const [type, url, commit, subdirectory] = [text("type"), text("url"), text("commit-id"), text("subdirectory")];
  if (type !== "git" || url === undefined) {
    throw invalidFile(
      file.path,
      `the package "${name}" comes from ${type ?? "a repository"} without an address of git`,
    );
  }
  return {
    kind: "git",
    url,
    ...(commit === undefined ? {} : { commit }),
    ...(subdirectory === undefined ? {} : { subdirectory }),
  };
}
