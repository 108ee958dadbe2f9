import { join } from "node:path";
import { type HostReader, variable } from "./host-reader.ts";

/** What npm's own files and variables say about its network. */
export interface NpmSettings {
  /** URL of the registry for packages of every scope that has none of its own. */
  readonly registry?: string;
  /** `@scope` → registry URL. */
  readonly scopeRegistries: Readonly<Record<string, string>>;
  /** A CA bundle of this machine. */
  readonly cafilePath?: string;
  readonly strictSsl?: boolean;
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly noProxy?: string;
  /** Whether the files hold login tokens, which build steps do not get. */
  readonly hasCredentials: boolean;
}

/**
 * Reads the settings npm would use on this machine outside any project: the global file, the user's file, then
 * `npm_config_*` variables of any case. Tokens stay here: a token of a registry can also publish.
 * Source: npm documentation, "config" and "npmrc".
 */
export async function readNpmSettings(host: HostReader): Promise<NpmSettings> {
  const values = new Map<string, string>();
  const fromEnvironment = npmVariables(host.env);
  const prefix = fromEnvironment.get("prefix");
  const globalConfig = fromEnvironment.get("globalconfig");
  const userConfig = fromEnvironment.get("userconfig") ?? join(host.homeDir, ".npmrc");
  const globalPaths = globalConfig === undefined ? ["/etc/npmrc", "/usr/etc/npmrc"] : [globalConfig];
  if (prefix !== undefined && globalConfig === undefined) globalPaths.push(join(prefix, "etc/npmrc"));
  for (const path of [...globalPaths, userConfig]) {
    for (const [key, value] of parseNpmrc((await host.readFile(path)) ?? "", host.env)) values.set(key, value);
  }
  for (const [key, value] of fromEnvironment) values.set(key, value);
  return fromValues(values);
}

/**
 * Parses an npmrc: `key=value`, comment lines from `#` or `;`, `${NAME}` of the environment filled in.
 * Array items (`key[]=…`) are left out; none of them is a network setting.
 */
export function parseNpmrc(text: string, env: HostReader["env"]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const pair = /^\s*(?<key>[^#;=\s[][^=[]*?)\s*=\s*(?<value>.*?)\s*$/.exec(line)?.groups;
    const { key, value } = pair ?? {};
    if (key === undefined || value === undefined) continue;
    const unquoted = value.replace(/^(?<quote>["'])(?<inner>.*)\k<quote>$/, "$<inner>");
    values.set(
      key,
      unquoted.replaceAll(/\$\{(?<name>[^}]+)\}/g, (whole, name: string) => env[name] ?? whole),
    );
  }
  return values;
}

function npmVariables(env: HostReader["env"]): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of Object.keys(env)) {
    const value = /^npm_config_/i.test(name) ? variable(env, name) : undefined;
    if (value === undefined) continue;
    const key = name.slice("npm_config_".length);
    values.set(/[@/]/.test(key) ? key : key.toLowerCase().replaceAll("_", "-"), value);
  }
  return values;
}

function fromValues(values: ReadonlyMap<string, string>): NpmSettings {
  const text = (key: string): string | undefined => {
    const value = values.get(key);
    return value === undefined || value === "" || value === "null" ? undefined : value;
  };
  const registry = text("registry");
  const cafilePath = text("cafile");
  const httpProxy = text("proxy") ?? text("http-proxy");
  const httpsProxy = text("https-proxy");
  const noProxy = text("noproxy");
  const scopes = [...values].filter(([key]) => /^@[^:]+:registry$/.test(key));
  return {
    ...(registry === undefined ? {} : { registry }),
    scopeRegistries: Object.fromEntries(scopes.map(([key, url]) => [key.slice(0, key.indexOf(":")), url])),
    ...(cafilePath === undefined ? {} : { cafilePath }),
    ...(text("strict-ssl") === undefined ? {} : { strictSsl: text("strict-ssl") !== "false" }),
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
    hasCredentials: [...values.keys()].some((key) => /(?:^|:)_(?:authToken|auth|password)$/.test(key)),
  };
}
