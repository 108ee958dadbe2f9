import { BlockList, isIP } from "node:net";
import type { ProxySettings } from "../host/proxies.ts";

/** What is asked for through a proxy. */
export interface ProxiedTarget {
  /** `connect` is a tunnel, in which nearly always TLS is spoken. */
  readonly kind: "connect" | "http";
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * The proxy of this machine that leads to a target, as its own clients choose it.
 * @returns undefined where a target is reached without one
 */
export function upstreamProxy({ http, https, all, none }: ProxySettings, target: ProxiedTarget): URL | undefined {
  const text = target.kind === "http" ? (http ?? all) : (https ?? all ?? http);
  if (text === undefined || isExcepted(none ?? "", target)) return undefined;
  return URL.parse(withScheme(text)) ?? undefined;
}

/** Whether all proxies of this machine speak HTTP, so that the proxy of steps can lead to them. */
export function canChain({ http, https, all }: ProxySettings): boolean {
  return [http, https, all].every((text) => text === undefined || /^https?:\/\//i.test(withScheme(text)));
}

/** What a proxy wants to be told to let us through. @returns undefined when its URL holds no credentials */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function withScheme(text: string): string {
  return text.includes("://") ? text : `http://${text}`;
}

/**
 * Whether NO_PROXY names the target: hosts with all below them, a leading dot or star or none, `host:port`, addresses and
 * ranges such as `10.0.0.0/8`, or a star for everything.
 */
function isExcepted(none: string, { host, port }: ProxiedTarget): boolean {
  const entries = none.split(/[\s,]+/).filter((entry) => entry !== "");
  return entries.some((entry) => {
    if (entry === "*") return true;
    if (entry.includes("/")) return isInRange(host, entry);
    if (isIP(entry) !== 0) return entry === host;
    const { name = "", wanted } = /^(?<name>.*?)(?::(?<wanted>\d+))?$/.exec(entry)?.groups ?? {};
    if (wanted !== undefined && Number(wanted) !== port) return false;
    const domain = name.replace(/^\*?\./, "").toLowerCase();
    return host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`);
  });
}

function isInRange(host: string, range: string): boolean {
  const [address = "", prefix = ""] = range.split("/");
  const family = isIP(address);
  const length = Number(prefix);
  if (family === 0 || family !== isIP(host) || !/^\d+$/.test(prefix) || length > (family === 4 ? 32 : 128))
    return false;
  const list = new BlockList();
  list.addSubnet(address, length, family === 4 ? "ipv4" : "ipv6");
  return list.check(host, family === 4 ? "ipv4" : "ipv6");
}
