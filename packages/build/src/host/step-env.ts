import type { Mirrors } from "@repo2singularity/contracts";
import type { CondaSettings } from "./conda-config.ts";
import type { HostSettings } from "./host-settings.ts";
import { proxyVariables } from "./proxies.ts";
import { caBundlePath, settingsDir } from "./step-files.ts";

/** Variables with which TLS libraries and clients find a bundle of certificates. */
const certificateVariables = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "PIP_CERT",
  "NODE_EXTRA_CA_CERTS",
];

/**
 * The variables through which clients in a step find the machine's settings. uv gets variables instead of
 * a file because it would then pass over the repository's own `uv.toml`.
 *
 * @param findLinks paths and URLs as a step sees them
 */
export function stepEnv(settings: HostSettings, findLinks: readonly string[]): Record<string, string> {
  return {
    ...proxyVariables(settings.proxies),
    ...Object.fromEntries(certificateVariables.map((name) => [name, caBundlePath])),
    APT_CONFIG: `${settingsDir}/apt.conf`,
    PIP_CONFIG_FILE: `${settingsDir}/pip.conf`,
    NPM_CONFIG_GLOBALCONFIG: `${settingsDir}/npmrc`,
    ...uvVariables(settings, findLinks),
    ...mirrorVariables(settings.mirrors),
    ...condaVariables(settings.conda),
  };
}

/** Variables that our own scripts and the clients of languages look at, in place of the public addresses. */
function mirrorVariables(mirrors: Mirrors): Record<string, string> {
  const roots = {
    R2S_CRAN: mirrors.cran,
    R2S_R_BUILDS: mirrors.rBuilds,
    R2S_JULIA_BUILDS: mirrors.juliaBuilds,
    JULIA_PKG_SERVER: mirrors.juliaPackages,
    R2S_NIX_BUILDS: mirrors.nixBuilds,
    R2S_NIX_CHANNELS: mirrors.nixChannels,
    R2S_NIX_CACHE: mirrors.nixCache,
  };
  return Object.fromEntries(
    Object.entries(roots).flatMap(([name, root]) => (root === undefined ? [] : [[name, root.replace(/\/+$/, "")]])),
  );
}

/** Channels keep their real addresses in what is installed; this says where they are asked instead. */
function condaVariables({ aliasUrl, defaultsUrl }: CondaSettings): Record<string, string> {
  const channels = {
    ...(aliasUrl === undefined ? {} : { "https://conda.anaconda.org/": `${aliasUrl}/` }),
    ...(defaultsUrl === undefined ? {} : { "https://repo.anaconda.com/": `${defaultsUrl}/` }),
  };
  return Object.keys(channels).length === 0 ? {} : { R2S_CONDA_MIRRORS: JSON.stringify(channels) };
}

/** The variables through which uv finds the machine's Python settings. */
export function uvVariables(
  { python }: Pick<HostSettings, "python">,
  findLinks: readonly string[],
): Record<string, string> {
  const env: Record<string, string | undefined> = {
    UV_DEFAULT_INDEX: python.indexUrl,
    UV_INDEX: joined(python.extraIndexUrls),
    UV_FIND_LINKS: joined(findLinks, ","),
    UV_INSECURE_HOST: joined(python.trustedHosts),
    UV_INDEX_STRATEGY: python.indexStrategy,
    UV_NO_INDEX: python.noIndex ? "1" : undefined,
    UV_HTTP_TIMEOUT: python.timeoutSeconds === undefined ? undefined : String(Math.ceil(python.timeoutSeconds)),
    UV_PYTHON_INSTALL_MIRROR: python.pythonBuildsUrl,
  };
  // the filter leaves only the entries that have a text
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<string, string>;
}

/** uv separates indexes and hosts by spaces, folders by commas. */
function joined(values: readonly string[], separator = " "): string | undefined {
  return values.length === 0 ? undefined : values.join(separator);
}
