import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, asTables, asText, type Table } from "../python/toml-file.ts";
import { indexOrigin, type PinnedPackage } from "../python/locks/pinned-package.ts";
import type { CondaPackage } from "./conda-request.ts";
import type { LockedEnvironment } from "./conda-lock.ts";
import { readYaml } from "./yaml-file.ts";

/**
 * Reads `pixi.lock`: the packages of the environment `default` for a platform.
 * @throws E_RECIPE_FILE_INVALID for YAML that cannot be parsed, other shapes, other versions, and other platforms
 * Source: rattler, `rattler_lock`; versions 4 to 6
 */
export function readPixiLock(file: ConfigFile, subdir: string): LockedEnvironment {
  const content = asTable(file, readYaml(file, { aliasCount: 0 }), "the file") ?? {};
  const version = content["version"];
  if (version !== 4 && version !== 5 && version !== 6) {
    throw invalidFile(file.path, `its version ${JSON.stringify(version)} is not known; 4, 5 and 6 are`);
  }
  const environments = asTable(file, content["environments"], "environments") ?? {};
  const environment = asTable(file, environments["default"], "environments.default") ?? {};
  const places = asTable(file, environment["packages"], "environments.default.packages") ?? {};
  if (places[subdir] === undefined) {
    throw invalidFile(file.path, `its environment "default" has no packages for ${subdir}`, {
      hint: `add ${subdir} to platforms in the project and run: pixi lock`,
    });
  }
  const known = new Map(
    asTables(file, content["packages"], "packages").map((table) => [addressOf(file, table), table]),
  );
  const chosen = asTables(file, places[subdir], subdir).map((entry) => {
    const table = known.get(addressOf(file, entry));
    if (table === undefined) throw invalidFile(file.path, `it says nothing of the package ${addressOf(file, entry)}`);
    return { table, isConda: entry["conda"] !== undefined };
  });
  return {
    packages: chosen.filter(({ isConda }) => isConda).map(({ table }) => readPackage(file, table)),
    pip: chosen.filter(({ isConda }) => !isConda).map(({ table }) => readPip(file, table)),
  };
}

/** Version 4 has `kind` and `url`, later ones the kind as key. */
function addressOf(file: ConfigFile, table: Table): string {
  const address = [table["conda"], table["pypi"], table["url"], table["path"]].find(
    (value) => typeof value === "string",
  );
  if (typeof address !== "string") throw invalidFile(file.path, "a package has no address");
  return address;
}

function readPackage(file: ConfigFile, table: Table): CondaPackage {
  const [sha256, md5] = [asText(file, table["sha256"], "sha256"), asText(file, table["md5"], "md5")];
  return {
    url: addressOf(file, table),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(md5 === undefined ? {} : { md5 }),
  };
}

function readPip(file: ConfigFile, table: Table): PinnedPackage {
  const address = addressOf(file, table);
  const name = asText(file, table["name"], "name") ?? address;
  const version = asText(file, table["version"], `${name}.version`);
  const sha256 = asText(file, table["sha256"], `${name}.sha256`);
  const common = { name, hashes: sha256 === undefined ? [] : [`sha256:${sha256}`] };
  const git = /^git\+(?<url>[^#?@]+(?:@[^/#?]+\/[^#?@]+)?)(?:\?[^#]*)?(?:[#@](?<commit>[0-9a-f]+))?$/.exec(
    address,
  )?.groups;
  if (git !== undefined) {
    const commit = git["commit"] === undefined ? {} : { commit: git["commit"] };
    return { ...common, origin: { kind: "git", url: git["url"] ?? "", ...commit }, isSourceOnly: true };
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    return { ...common, origin: { kind: "path", path: address }, isSourceOnly: false };
  }
  const isIndexed = version !== undefined && /^https:\/\/(files\.pythonhosted\.org|pypi\.org)\//.test(address);
  return {
    ...common,
    ...(version === undefined ? {} : { version }),
    origin: isIndexed ? indexOrigin(undefined) : { kind: "url", url: address },
    isSourceOnly: !/\.whl(#|$)/.test(address),
  };
}
