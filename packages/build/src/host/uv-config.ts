import { dirname, join, resolve } from "node:path";
import { parse } from "smol-toml";
import { type HostReader, variable, words } from "./host-reader.ts";
import type { PartialIndexSettings } from "./python-index.ts";

/**
 * Reads the settings uv would use on this machine outside any project: the system's and the user's `uv.toml`
 * (or the one `UV_CONFIG_FILE` names), then variables.
 * Source: uv documentation, "Configuration files" and "Environment variables".
 */
export async function readUvSettings(host: HostReader): Promise<PartialIndexSettings> {
  let settings: PartialIndexSettings = {};
  for (const path of configPaths(host)) {
    const text = await host.readFile(path);
    if (text !== undefined) settings = { ...settings, ...fromToml(text, dirname(path)) };
  }
  return { ...settings, ...fromVariables(host.env) };
}

function configPaths(host: HostReader): readonly string[] {
  if (variable(host.env, "UV_NO_CONFIG") !== undefined) return [];
  const explicit = variable(host.env, "UV_CONFIG_FILE");
  if (explicit !== undefined) return [explicit];
  const userDir = variable(host.env, "XDG_CONFIG_HOME") ?? join(host.homeDir, ".config");
  const systemDirs = (variable(host.env, "XDG_CONFIG_DIRS") ?? "/etc").split(":").filter((dir) => dir !== "");
  return [...systemDirs.toReversed().map((dir) => join(dir, "uv/uv.toml")), join(userDir, "uv/uv.toml")];
}

/** A file that is no TOML says nothing: uv itself will complain to its user. */
function fromToml(text: string, folder: string): PartialIndexSettings {
  let document: Record<string, unknown>;
  try {
    document = parse(text);
  } catch {
    return {};
  }
  const pipTable = isTable(document["pip"]) ? document["pip"] : {};
  const table = { ...pipTable, ...document };
  const indexes = tables(table["index"]).flatMap((index) =>
    typeof index["url"] === "string" ? [{ url: index["url"], index }] : [],
  );
  const indexUrl = indexes.find(({ index }) => index["default"] === true)?.url ?? textOf(table["index-url"]);
  const extra = indexes
    .filter(({ index }) => index["default"] !== true && index["explicit"] !== true)
    .map(({ url }) => url);
  const extraIndexUrls = [...extra, ...list(table["extra-index-url"])];
  const findLinks = list(table["find-links"]).map((link) => (isUrl(link) ? link : resolve(folder, link)));
  return definedOnly({
    indexUrl,
    extraIndexUrls: extraIndexUrls.length === 0 ? undefined : extraIndexUrls,
    findLinks: findLinks.length === 0 ? undefined : findLinks,
    noIndex: typeof table["no-index"] === "boolean" ? table["no-index"] : undefined,
    trustedHosts: table["allow-insecure-host"] === undefined ? undefined : list(table["allow-insecure-host"]),
    indexStrategy: textOf(table["index-strategy"]),
    pythonBuildsUrl: textOf(table["python-install-mirror"]),
  });
}

function fromVariables(env: HostReader["env"]): PartialIndexSettings {
  const extra = [...words(env["UV_INDEX"]).map(withoutName), ...words(env["UV_EXTRA_INDEX_URL"])];
  const timeoutSeconds = Number(variable(env, "UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT"));
  const indexUrl = variable(env, "UV_DEFAULT_INDEX", "UV_INDEX_URL");
  return definedOnly({
    indexUrl: indexUrl === undefined ? undefined : withoutName(indexUrl),
    extraIndexUrls: extra.length === 0 ? undefined : extra,
    findLinks: env["UV_FIND_LINKS"] === undefined ? undefined : env["UV_FIND_LINKS"].split(/[\s,]+/).filter(Boolean),
    noIndex: variable(env, "UV_NO_INDEX") === undefined ? undefined : true,
    trustedHosts: env["UV_INSECURE_HOST"] === undefined ? undefined : words(env["UV_INSECURE_HOST"]),
    indexStrategy: variable(env, "UV_INDEX_STRATEGY"),
    timeoutSeconds: timeoutSeconds > 0 ? timeoutSeconds : undefined,
    pythonBuildsUrl: variable(env, "UV_PYTHON_INSTALL_MIRROR"),
  });
}

/** `name=https://…` without the name, which only means something in the project that uses it. */
function withoutName(index: string): string {
  return index.replace(/^[A-Za-z0-9._-]+=(?=[a-z]+:)/, "");
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

function definedOnly(settings: Optional<PartialIndexSettings>): PartialIndexSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tables(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

function list(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
