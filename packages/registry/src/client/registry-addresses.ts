import type { RegistryReference } from "../reference/parse-reference.ts";

/** Where a repository may be asked for. */
export interface RegistryAddress {
  /** Finds the credentials. */
  readonly host: string;
  readonly baseUrl: string;
  readonly repository: string;
}

/**
 * The addresses of a repository in the order in which they are asked: Docker Hub's mirror first where there is one.
 * Loopback hosts are asked by plain HTTP, as every client does; a mirror may be a URL of either kind.
 * @param dockerHubMirror host, host with path, or URL
 */
export function registryAddresses(reference: RegistryReference, dockerHubMirror?: string): readonly RegistryAddress[] {
  const { host, repository } = reference;
  if (host !== "docker.io") return [{ host, baseUrl: baseUrlOf(host), repository }];
  const hub: RegistryAddress = { host, baseUrl: "https://registry-1.docker.io", repository };
  if (dockerHubMirror === undefined || dockerHubMirror === "") return [hub];
  const text = dockerHubMirror.replace(/\/+$/, "");
  const url = new URL(/^https?:\/\//.test(text) ? text : `${schemeOf(text)}://${text}`);
  const prefix = url.pathname.replace(/^\/+/, "").replace(/^v2(?:\/|$)/, "");
  const mirror: RegistryAddress = {
    host: url.host,
    baseUrl: url.origin,
    repository: prefix === "" ? repository : `${prefix}/${repository}`,
  };
  return [mirror, hub];
}

function baseUrlOf(host: string): string {
  return `${schemeOf(host)}://${host}`;
}

function schemeOf(host: string): "http" | "https" {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::|\/|$)/.test(host) ? "http" : "https";
}
