import { isAbortError } from "@repo2singularity/base";
import { type AptSource, type AptSourcesFile, parseAptSources } from "./apt-sources.ts";
import type { HostReader } from "./host-reader.ts";
import { parseOsRelease, type OsRelease } from "./os-release.ts";
import type { ClientProxies } from "./proxies.ts";

/** What this machine's own apt is set to; all empty on a machine without apt. */
export interface HostAptSettings {
  readonly release: OsRelease;
  readonly sources: readonly AptSource[];
  /** Lines of apt.conf about the network that hold no path of this machine; may hold credentials. */
  readonly options: readonly string[];
  readonly proxies: ClientProxies;
}

/** Reads sources and network options as apt itself does, with `apt-config dump` for the latter. */
export async function readAptSettings(host: HostReader, signal?: AbortSignal): Promise<HostAptSettings> {
  const files: AptSourcesFile[] = [];
  const parts = "/etc/apt/sources.list.d";
  const names = (await host.listFolder(parts)).filter((name) => /\.(?:list|sources)$/.test(name));
  for (const path of ["/etc/apt/sources.list", ...names.map((name) => `${parts}/${name}`)]) {
    const text = await host.readFile(path);
    if (text !== undefined) files.push({ path, text });
  }
  const options = await networkOptions(host, signal);
  const osRelease = (await host.readFile("/etc/os-release")) ?? (await host.readFile("/usr/lib/os-release")) ?? "";
  return {
    release: parseOsRelease(osRelease),
    sources: files.flatMap(parseAptSources),
    options,
    proxies: { http: proxyOption(options, "http"), https: proxyOption(options, "https") },
  };
}

const networkOption =
  /^Acquire::(?:(?:http|https|ftp)::(?:Proxy(?:::\S+)?|Timeout|User-Agent|Verify-(?:Peer|Host)|Dl-Limit|No-Cache|Pipeline-Depth)|Retries|Check-Valid-Until|Check-Date|ForceIPv[46]|By-Hash)\s/i;

async function networkOptions(host: HostReader, signal: AbortSignal | undefined): Promise<readonly string[]> {
  try {
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", APT_CONFIG: host.env["APT_CONFIG"] };
    const options = { env, timeoutMs: 10_000, ...(signal === undefined ? {} : { signal }) };
    const { stdout } = await host.runner("apt-config", ["dump"], options);
    return stdout.split("\n").filter((line) => networkOption.test(line) && !line.endsWith(' "";'));
  } catch (error) {
    if (isAbortError(error)) throw error;
    return []; // no apt on this machine, or one that cannot say what it is set to
  }
}

function proxyOption(options: readonly string[], scheme: "http" | "https"): string | undefined {
  const pattern = new RegExp(String.raw`^Acquire::${scheme}::Proxy "(?<url>[^"]+)";$`, "i");
  for (const line of options) {
    const url = pattern.exec(line)?.groups?.["url"];
    if (url !== undefined && url !== "DIRECT") return url;
  }
  return undefined;
}
