import { mirrorPairs } from "../http/public-addresses.ts";
import type { SourceContext } from "../provider/port.ts";
import type { GitUrl } from "./git-url.ts";

/** A setting of git, handed over in the environment: neither an argument list nor a file ever holds it. */
export type GitSetting = readonly [key: string, value: string];

/** Variables of the user that git, ssh, credential helpers and TLS libraries need. */
const handedOn = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "TMPDIR",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "CURL_CA_BUNDLE",
  "KRB5CCNAME",
  "GIT_ASKPASS",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "GIT_SSH_VARIANT",
  "GIT_EXEC_PATH",
];
const handedOnPrefixes = /^(?:GIT_CONFIG_|GIT_SSL_|GIT_HTTP_|GIT_PROXY_|GIT_CREDENTIAL|GCM_)/;
const proxyVariables = /^(?:https?|all|no)_proxy$/i;

/** Settings that keep a repository from running anything on this host. */
const safeSettings: readonly GitSetting[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["submodule.recurse", "false"],
  ["fetch.recurseSubmodules", "false"],
  ["advice.detachedHead", "false"],
  ["init.defaultBranch", "main"],
];

/** Settings that make two users get the same bytes, and a server that went silent an error after a minute. */
const fetchSettings: readonly GitSetting[] = [
  ["core.autocrlf", "false"],
  ["core.attributesFile", "/dev/null"],
  ["http.lowSpeedLimit", "100"],
  ["http.lowSpeedTime", "60"],
];

/** The environment for git: what the user's own git needs to reach the server, and no way to ask questions. */
export function gitEnvironment(
  env: SourceContext["env"],
  settings: readonly GitSetting[],
): Record<string, string | undefined> {
  const own = Object.entries(env).filter(
    ([name]) => handedOn.includes(name) || handedOnPrefixes.test(name) || proxyVariables.test(name),
  );
  const before = Number(env["GIT_CONFIG_COUNT"] ?? 0) || 0;
  const added = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${before + index}`, key],
    [`GIT_CONFIG_VALUE_${before + index}`, value],
  ]);
  return {
    ...Object.fromEntries(own),
    ...Object.fromEntries(added),
    GIT_CONFIG_COUNT: String(before + settings.length),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_OPTIONAL_LOCKS: "0",
    LC_ALL: "C",
  };
}

/** Settings for looking at a work tree of the user. */
export function workTreeSettings(): readonly GitSetting[] {
  return safeSettings;
}

/**
 * Settings for talking to the server of a URL: credentials go to that server alone, and a URL whose query may hold a
 * secret is reached under its shown form.
 */
export function remoteSettings(url: GitUrl, context: SourceContext): readonly GitSetting[] {
  const settings = [...safeSettings, ...fetchSettings];
  if (url.url !== url.shown) settings.push([`url.${url.url}.insteadOf`, url.shown]);
  // mirrors of forges are a matter of how they are reached: labels and messages keep the public address
  for (const [address, mirror] of mirrorPairs(context.mirrors ?? {})) {
    settings.push([`url.${mirror}/.insteadOf`, `${address}/`]);
  }
  const credentials = context.credentials ?? url.credentials;
  if (credentials !== undefined && /^https?:/.test(url.url)) {
    const pair = `${credentials.username ?? "oauth2"}:${credentials.secret.reveal()}`;
    const header = `Authorization: Basic ${Buffer.from(pair).toString("base64")}`;
    settings.push([`http.${new URL(url.url).origin}/.extraHeader`, header]);
  }
  return settings;
}

/** Protocols that a repository and its submodules may use; the local disk only for a repository that lies there. */
export function allowedProtocols(url: GitUrl): string {
  return url.isLocal ? "file:https:http:ssh:git" : "https:http:ssh:git";
}

/** Settings that turn filters off (`filter.NAME.…`), which the user's own configuration may define. */
export function withoutFilters(names: readonly string[]): readonly GitSetting[] {
  return names.flatMap((name): GitSetting[] => [
    [`filter.${name}.clean`, ""],
    [`filter.${name}.smudge`, ""],
    [`filter.${name}.process`, ""],
    [`filter.${name}.required`, "false"],
  ]);
}

/** The settings that `git lfs install` would write. */
export const lfsFilterSettings: readonly GitSetting[] = [
  ["filter.lfs.clean", "git-lfs clean -- %f"],
  ["filter.lfs.smudge", "git-lfs smudge -- %f"],
  ["filter.lfs.process", "git-lfs filter-process"],
  ["filter.lfs.required", "true"],
];
