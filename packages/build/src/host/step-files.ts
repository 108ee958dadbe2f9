import { isPublicNpm, type HostSettings } from "./host-settings.ts";

/** Folder of every step in which the machine's settings appear; a fresh tmpfs lies below it. */
export const settingsDir = "/run/repo2singularity";

/** Where a step finds the certificates it may trust. */
export const caBundlePath = `${settingsDir}/ca.crt`;

/** apt's changing files of a step: lists, archives and logs name mirrors and dates, so no layer may hold them. */
export const aptStateDir = `${settingsDir}/apt`;

/** apt's lists when they are kept from build to build. */
export const aptListsDir = `${settingsDir}/apt-lists`;

/**
 * The apt.conf of steps: the machine's network options, and everything that changes kept out of the layer.
 * @param sources whether apt reads rewritten copies of the base's sources instead of those in /etc/apt
 */
export function aptConf(
  settings: HostSettings,
  sources: { readonly hasOwnSources: boolean; readonly keepsLists?: boolean },
): string {
  const { http, https, all } = settings.proxies;
  const named = settings.apt.options.map((option) => option.toLowerCase());
  const proxy = (scheme: "http" | "https", url: string | undefined): readonly string[] =>
    url === undefined || named.some((option) => option.startsWith(`acquire::${scheme}::proxy "`))
      ? []
      : [`Acquire::${scheme}::Proxy "${quoted(url)}";`];
  return lines([
    ...settings.apt.options,
    ...proxy("http", http ?? all),
    ...proxy("https", https ?? all),
    `Acquire::https::CAInfo "${caBundlePath}";`,
    'APT::Sandbox::User "root";', // a build has one uid, so there is nobody to change to
    `Dir::State::lists "${sources.keepsLists === true ? aptListsDir : `${aptStateDir}/lists`}";`,
    `Dir::Cache "${aptStateDir}/cache";`,
    `Dir::Log "${aptStateDir}/log";`,
    ...(sources.hasOwnSources
      ? ['Dir::Etc::sourcelist "/dev/null";', `Dir::Etc::sourceparts "${aptStateDir}/sources";`]
      : []),
    `DPkg::Options:: "--log=${aptStateDir}/log/dpkg.log";`,
    'DPkg::Options:: "--force-unsafe-io";', // a step that is cut off is thrown away whole
  ]);
}

/** The pip.conf of steps; `findLinks` are paths and URLs as a step sees them. */
export function pipConf(settings: HostSettings, findLinks: readonly string[]): string {
  const { python } = settings;
  const list = (key: string, values: readonly string[]): readonly string[] =>
    values.length === 0 ? [] : [`${key} =`, ...values.map((value) => `    ${value}`)];
  return lines([
    "[global]",
    `cert = ${caBundlePath}`,
    "disable-pip-version-check = true",
    ...(python.indexUrl === undefined ? [] : [`index-url = ${python.indexUrl}`]),
    ...list("extra-index-url", python.extraIndexUrls),
    ...list("find-links", findLinks),
    ...list("trusted-host", python.trustedHosts),
    ...(python.noIndex ? ["no-index = true"] : []),
    ...(python.timeoutSeconds === undefined ? [] : [`timeout = ${python.timeoutSeconds}`]),
  ]);
}

/** The npmrc of steps: registries and certificates, no tokens, and no registry's name in lock files. */
export function npmrc(settings: HostSettings): string {
  const { npm } = settings;
  const hasMirror = npm.registry !== undefined && !isPublicNpm(npm.registry);
  return lines([
    `cafile=${caBundlePath}`,
    "update-notifier=false",
    "fund=false",
    "audit=false",
    `cache=${settingsDir}/cache/npm`,
    "logs-max=0",
    ...(npm.strictSsl === false ? ["strict-ssl=false"] : []),
    ...(hasMirror ? [`registry=${npm.registry}`, "omit-lockfile-registry-resolved=true"] : []),
    ...Object.entries(npm.scopeRegistries).map(([scope, url]) => `${scope}:registry=${url}`),
  ]);
}

function quoted(text: string): string {
  return text.replaceAll('"', "%22").replaceAll("\n", "");
}

function lines(content: readonly string[]): string {
  return `${content.join("\n")}\n`;
}
