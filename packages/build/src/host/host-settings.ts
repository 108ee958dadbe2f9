import { redactUrl } from "@repo2singularity/base";
import type { Mirrors } from "@repo2singularity/contracts";
import { findArchiveMirrors, type ArchiveMirrors } from "./apt-archives.ts";
import { type HostAptSettings, readAptSettings } from "./apt-settings.ts";
import { readCaBundle } from "./ca-bundle.ts";
import { type CondaSettings, readCondaSettings } from "./conda-config.ts";
import type { HostReader } from "./host-reader.ts";
import { type NpmSettings, readNpmSettings } from "./npm-config.ts";
import { readPipSettings } from "./pip-config.ts";
import { type ProxySettings, readProxies } from "./proxies.ts";
import { mergePythonIndexes, type PythonIndexSettings } from "./python-index.ts";
import { readUvSettings } from "./uv-config.ts";

/**
 * How this machine reaches the outside: what its own clients are set to, with the `mirrors` table in front.
 * Values may hold credentials: they go to clients and into mounted files, never into a message, label or key.
 */
export interface HostSettings {
  /** Certificates of every authority that the machine trusts, as PEM. */
  readonly caBundle: string;
  readonly proxies: ProxySettings;
  readonly python: PythonIndexSettings;
  readonly npm: NpmSettings;
  readonly conda: CondaSettings;
  readonly apt: HostAptSettings;
  readonly archives: ArchiveMirrors;
  readonly mirrors: Mirrors;
  /** What the user should know of settings that are used or left out; without secrets. */
  readonly notices: readonly string[];
}

/**
 * Reads what the machine's own clients (pip, uv, npm, apt, TLS libraries) are set to, so that a build works
 * wherever they work. Files that are missing or malformed say nothing; nothing is fetched.
 */
export async function readHostSettings(
  host: HostReader & { readonly mirrors?: Mirrors; readonly signal?: AbortSignal },
): Promise<HostSettings> {
  const mirrors = host.mirrors ?? {};
  const [pip, uv, npm, apt, conda] = await Promise.all([
    readPipSettings(host),
    readUvSettings(host),
    readNpmSettings(host),
    readAptSettings(host, host.signal),
    readCondaSettings(host, mirrors),
  ]);
  const clientBundles = [pip.certPath, npm.cafilePath].filter((path) => path !== undefined);
  const python = mergePythonIndexes(mirrors, uv, pip.index);
  const proxies = readProxies(host.env, [
    { http: pip.proxyUrl, https: pip.proxyUrl },
    { http: npm.httpProxy, https: npm.httpsProxy ?? npm.httpProxy, none: npm.noProxy },
    apt.proxies,
  ]);
  const withMirror = mirrors.npm === undefined ? npm : { ...npm, registry: mirrors.npm };
  const archives = findArchiveMirrors(mirrors, apt.release, apt.sources);
  return {
    caBundle: await readCaBundle(host, clientBundles),
    proxies,
    python,
    npm: withMirror,
    conda,
    apt,
    archives,
    mirrors,
    notices: describe(python, withMirror, archives),
  };
}

function describe(python: PythonIndexSettings, npm: NpmSettings, archives: ArchiveMirrors): readonly string[] {
  const notices: string[] = [];
  if (python.indexUrl !== undefined) notices.push(`Python packages come from ${redactUrl(python.indexUrl)}`);
  if (npm.registry !== undefined && !isPublicNpm(npm.registry)) {
    notices.push(`npm packages come from ${redactUrl(npm.registry)}`);
  }
  for (const mirror of Object.values(archives)) {
    notices.push(`apt packages come from ${redactUrl(mirror.uri)}`);
  }
  if (npm.hasCredentials && npm.registry !== undefined && !isPublicNpm(npm.registry)) {
    notices.push("tokens of this machine's npmrc are not given to build steps");
  }
  return notices;
}

/** Whether a registry URL is npm's public one, which needs no setting. */
export function isPublicNpm(registry: string): boolean {
  return /^https?:\/\/registry\.npmjs\.org\/?$/.test(registry);
}
