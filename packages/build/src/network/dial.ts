import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, isIPv6, type LookupFunction, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { endpointOf, formatEndpoint } from "./named-endpoints.ts";
import { proxyAuthorization } from "./upstream-proxy.ts";

/** Until a connection stands. */
const connectTimeoutMs = 30_000;

/** Before the next address of a server is tried beside the one before. */
const nextAddressMs = 2_000;

/** Options of `net.connect` and of requests that lead to these addresses, whatever the name means. */
export function pinned(addresses: readonly string[]): {
  readonly lookup: LookupFunction;
  readonly autoSelectFamily: true;
} {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return {
    autoSelectFamily: true,
    lookup: (_name, options, done) => {
      const [first] = found;
      if (first === undefined) done(new Error("no address"), "", 0);
      else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    },
  };
}

/** Connects to one of the addresses of a server. */
export function dialDirect(
  { host, port }: { readonly host: string; readonly port: number },
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  const options = { host, port, signal, allowHalfOpen: true, noDelay: true };
  const socket = connect({ ...options, ...pinned(addresses), autoSelectFamilyAttemptTimeout: nextAddressMs });
  return new Promise((resolve, reject) => {
    socket.setTimeout(connectTimeoutMs, () =>
      socket.destroy(new Error(`no connection in ${connectTimeoutMs / 1000} s`)),
    );
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/**
 * Has a proxy of this machine open a tunnel.
 * @returns the tunnel, with what came through it already put back
 */
export function dialThrough(
  proxy: URL,
  { host, port }: { readonly host: string; readonly port: number },
  options: { readonly caBundle: string; readonly signal: AbortSignal },
): Promise<Duplex> {
  const path = formatEndpoint(host, port);
  const question = {
    ...upstreamOptions(proxy, options.caBundle),
    method: "CONNECT",
    path,
    headers: { host: path, ...upstreamHeaders(proxy) },
    timeout: connectTimeoutMs,
    signal: options.signal,
  };
  return new Promise((resolve, reject) => {
    const request = proxy.protocol === "https:" ? requestHttps(question) : requestHttp(question);
    request.once("timeout", () => request.destroy(new Error(`no answer in ${connectTimeoutMs / 1000} s`)));
    request.once("error", reject);
    request.once("connect", ({ statusCode, statusMessage }, socket, head) => {
      if (statusCode !== 200) {
        socket.destroy();
        reject(new Error(`the proxy of this machine answered ${statusCode} ${statusMessage ?? ""}`.trim()));
        return;
      }
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });
}

/** Where a proxy of this machine is, as options of a request. */
export function upstreamOptions(
  proxy: URL,
  caBundle: string,
): { readonly host: string; readonly port: number; readonly ca?: string } {
  const { host, port = 80 } = endpointOf(proxy);
  return { host, port, ...(proxy.protocol === "https:" && caBundle !== "" ? { ca: caBundle } : {}) };
}

/** What a proxy of this machine wants to be told. */
export function upstreamHeaders(proxy: URL): Readonly<Record<string, string>> {
  const authorization = proxyAuthorization(proxy);
  return authorization === undefined ? {} : { "proxy-authorization": authorization };
}
