import type { HostSettings } from "../host/host-settings.ts";

/** Settings that name servers for steps. */
export type EndpointSettings = Pick<HostSettings, "python" | "npm" | "conda" | "apt" | "archives" | "mirrors">;

/**
 * The servers that this machine's own settings name for packages, as `host:port`: steps may reach them wherever they are.
 * Proxies are not among them: through one of this machine, a step would get past all that is refused.
 * @param references bases that were asked for, of which those in registries count
 */
export function namedEndpoints(settings: EndpointSettings, references: readonly string[]): ReadonlySet<string> {
  const { python, npm, conda, apt, archives, mirrors } = settings;
  const { images = {}, dockerHub, ...roots } = mirrors;
  const registries = [...references, ...Object.values(images)].flatMap(registryUrl);
  const urls = [
    ...Object.values(roots),
    ...(dockerHub === undefined ? [] : [`https://${dockerHub}`]),
    python.indexUrl,
    ...python.extraIndexUrls,
    ...python.findLinks,
    python.pythonBuildsUrl,
    npm.registry,
    ...Object.values(npm.scopeRegistries),
    conda.aliasUrl,
    conda.defaultsUrl,
    ...apt.sources.map(({ uri }) => uri),
    ...Object.values(archives).map(({ uri }) => uri),
    ...registries,
  ];
  return new Set(urls.flatMap((url) => (url === undefined ? [] : endpointText(url))));
}

/** How an endpoint is written: host in small letters, IPv6 in brackets. */
export function formatEndpoint(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host.toLowerCase()}:${port}`;
}

/** Host, IPv6 without brackets, and port of a URL; no port for one that is not HTTP and names none. */
export function endpointOf({ hostname, port, protocol }: URL): {
  readonly host: string;
  readonly port: number | undefined;
} {
  const host = hostname.replace(/^\[(?<address>.*)\]$/, "$<address>");
  return { host, port: port === "" ? { "http:": 80, "https:": 443 }[protocol] : Number(port) };
}

function endpointText(text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return [];
  const { host, port } = endpointOf(url);
  return port === undefined ? [] : [formatEndpoint(host, port)];
}

function registryUrl(reference: string): readonly string[] {
  const host = /^docker:\/\/(?<host>[^/]+\.[^/]+|[^/]+:\d+|localhost)\//.exec(reference)?.groups?.["host"];
  return host === undefined ? [] : [`https://${host}`];
}
