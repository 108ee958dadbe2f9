import { type HttpClient, openHttpClient } from "../host/http-client.ts";
import { stepProxyUrl } from "../executor/way-out.ts";
import type { NetworkPolicy } from "./find-way.ts";
import { openStepProxy } from "./step-proxy.ts";

/** A client for addresses that a repository names: it reaches what steps reach. */
export interface GuardedClient extends Pick<HttpClient, "get">, AsyncDisposable {
  /** What was refused since the last call, redirects among it, with why. */
  takeRefused(): readonly string[];
}

/**
 * Opens a client that asks through a proxy as steps have it, so that every redirect is looked at as well.
 * @param folder of the proxy's socket; made
 */
export async function openGuardedClient(folder: string, policy: NetworkPolicy): Promise<GuardedClient> {
  const proxy = await openStepProxy(folder, policy);
  const { caBundle } = policy;
  const client = openHttpClient({ caBundle, proxies: { all: stepProxyUrl } }, { proxySocket: proxy.socketPath });
  return {
    get: client.get,
    takeRefused: proxy.takeRefused,
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** The same for machines whose steps have the machine's network: nothing is refused. The client stays the caller's. */
export function unguardedClient(client: HttpClient): GuardedClient {
  return { get: client.get, takeRefused: () => [], [Symbol.asyncDispose]: () => Promise.resolve() };
}
