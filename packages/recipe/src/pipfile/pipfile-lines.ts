import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import { asTable, asText, asTexts, type Table } from "../python/toml-file.ts";
import type { Pipfile, PipfileSource } from "./pipfile.ts";

/** Keys of a package that are a marker of their own: `sys_platform = "== 'win32'"`. */
const markerKeys = [
  "os_name",
  "sys_platform",
  "platform_machine",
  "platform_python_implementation",
  "platform_release",
  "platform_system",
  "platform_version",
  "python_version",
  "python_full_version",
  "implementation_name",
  "implementation_version",
];

/**
 * The packages of a Pipfile or its lock, as lines of a requirements file: those for development as well, as repo2docker
 * installs them.
 * @throws E_RECIPE_FILE_INVALID for a package in a form that pipenv does not know
 * Source: pipenv, `utils/dependencies.py`
 */
export function pipfileLines(file: ConfigFile, { sources, packages, devPackages }: Pipfile): readonly string[] {
  // Named in both lists, a package has the version of the first, as when pipenv locks them.
  const all = { ...devPackages, ...packages };
  const lines = Object.entries(all).map(([name, value]) => packageLine(file, name, value));
  return [...sourceLines(sources), ...lines.toSorted()];
}

/** The public index is left to the machine's settings, which may name a mirror of it. */
function sourceLines(sources: readonly PipfileSource[]): readonly string[] {
  const isPublic = ({ url }: PipfileSource): boolean =>
    /^https?:\/\/(pypi\.org|pypi\.python\.org)(\/simple)?\/*$/.test(url);
  const others = sources.filter((source) => !isPublic(source));
  const replacesPublic = sources.length > 0 && others.length === sources.length;
  return [
    ...others.map(({ url }, index) => `${replacesPublic && index === 0 ? "--index-url" : "--extra-index-url"} ${url}`),
    ...others.filter((source) => !source.verifiesCertificate).map(({ url }) => `--trusted-host ${hostOf(url)}`),
  ];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function packageLine(file: ConfigFile, name: string, value: unknown): string {
  const line =
    typeof value === "string" ? `${name}${versionOf(value)}` : tableLine(file, name, asTable(file, value, name) ?? {});
  if (/[\r\n]/.test(line) || /^-(?!e )/.test(line)) {
    throw invalidFile(file.path, `${JSON.stringify(name)} is no package that can be installed`);
  }
  return line;
}

function versionOf(text: string): string {
  const version = text.trim();
  if (version === "*" || version === "") return "";
  return /^\d/.test(version) ? `==${version}` : version;
}

function tableLine(file: ConfigFile, name: string, table: Table): string {
  const extras = asTexts(file, table["extras"] ?? [], `${name}.extras`);
  const named = `${name}${extras.length === 0 ? "" : `[${extras.join(",")}]`}`;
  const marker = markerOf(file, name, table);
  const hashes = asTexts(file, table["hashes"] ?? [], `${name}.hashes`).map((hash) => ` --hash=${hash}`);
  const target = targetOf(file, name, table);
  if (target === undefined) {
    return `${named}${versionOf(asText(file, table["version"], `${name}.version`) ?? "*")}${marker}${hashes.join("")}`;
  }
  if (table["editable"] === true) return `-e ${editableTarget(target, name, extras)}${marker}`;
  // A path has no name of its own in such a line; what it is called stands in it.
  if (target.startsWith(".")) return `${target}${extras.length === 0 ? "" : `[${extras.join(",")}]`}${marker}`;
  return `${named} @ ${target}${marker}`;
}

function editableTarget(target: string, name: string, extras: readonly string[]): string {
  const suffix = extras.length === 0 ? "" : `[${extras.join(",")}]`;
  if (target.startsWith(".")) return `${target}${suffix}`;
  return `${target}${target.includes("#") ? "&" : "#"}egg=${name}${suffix}`;
}

function markerOf(file: ConfigFile, name: string, table: Table): string {
  const own = markerKeys.flatMap((key) => {
    const text = asText(file, table[key], `${name}.${key}`);
    return text === undefined ? [] : [`${key} ${text}`];
  });
  const all = [asText(file, table["markers"], `${name}.markers`), ...own].filter(
    (text) => text !== undefined && text !== "",
  );
  if (all.length === 0) return "";
  return ` ; ${all.length === 1 ? all.join("") : all.map((text) => `(${text})`).join(" and ")}`;
}

/** @returns the address or path of a package that comes from no index */
function targetOf(file: ConfigFile, name: string, table: Table): string | undefined {
  const text = (key: string): string | undefined => asText(file, table[key], `${name}.${key}`);
  const vcs = ["git", "hg", "svn", "bzr"].find((kind) => table[kind] !== undefined);
  if (vcs !== undefined) {
    const [address = "", ref, subdirectory] = [text(vcs), text("ref"), text("subdirectory")];
    return `${vcs}+${gitUrl(address)}${ref === undefined ? "" : `@${ref}`}${subdirectory === undefined ? "" : `#subdirectory=${subdirectory}`}`;
  }
  const place = text("path") ?? text("file");
  if (place === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(place)) return place;
  if (place.startsWith("/")) throw invalidFile(file.path, `"${place}" of "${name}" lies outside of the repository`);
  return place.startsWith(".") ? place : `./${place}`;
}

/** `git@host:owner/name` in the form of a URL. */
function gitUrl(address: string): string {
  const match = /^(?<user>[\w.-]+@[\w.-]+):(?!\/)(?<path>.*)$/.exec(address)?.groups;
  return match === undefined ? address : `ssh://${match["user"]}/${match["path"]}`;
}
