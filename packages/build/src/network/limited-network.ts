import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { stepProxyUrl } from "../executor/way-out.ts";
import type { HostSettings } from "../host/host-settings.ts";
import type { NetworkPolicy } from "./find-way.ts";
import { namedEndpoints } from "./named-endpoints.ts";

/** Names of a step's own loopback, where what it starts itself answers. */
const ownNames = ["localhost", "127.0.0.1"];

/**
 * The machine's settings as steps get them that have the proxy of `openStepProxy` as their only way out. Steps speak to
 * their own loopback without it, but where the machine's settings name a server there.
 * @param named as `namedEndpoints` gives it
 */
export function limitedSettings(settings: HostSettings, named: ReadonlySet<string>): HostSettings {
  const namedHosts = new Set([...named].map((endpoint) => endpoint.replace(/:\d+$/, "")));
  const none = ownNames.filter((name) => !namedHosts.has(name)).join(",");
  const proxies = { http: stepProxyUrl, https: stepProxyUrl, all: stepProxyUrl };
  return {
    ...settings,
    proxies: none === "" ? proxies : { ...proxies, none },
    apt: { ...settings.apt, options: settings.apt.options.filter((line) => !/^Acquire::\w+::Proxy\b/i.test(line)) },
  };
}

/** What steps may reach on this machine. @param references bases that were asked for, as `namedEndpoints` takes them */
export function networkPolicy(settings: HostSettings, references: readonly string[]): NetworkPolicy {
  return {
    named: namedEndpoints(settings, references),
    proxies: settings.proxies,
    caBundle: settings.caBundle,
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
    lookup: rememberedLookup(async (host) => {
      const found = await lookup(host, { all: true });
      return found.map(({ address }) => address);
    }),
  };
}

const rememberedMs = 60_000;
/** A step could ask for names without end. */
const rememberedNames = 1_000;

/**
 * Asks for each name once a minute: installers open dozens of connections to one server at a time, and not every name
 * server answers a burst of equal questions. A failure is not remembered.
 */
export function rememberedLookup(ask: NetworkPolicy["lookup"], now: () => number = Date.now): NetworkPolicy["lookup"] {
  const answers = new Map<string, { readonly sinceMs: number; readonly addresses: Promise<readonly string[]> }>();
  return (host) => {
    const known = answers.get(host);
    if (known !== undefined && now() - known.sinceMs < rememberedMs) return known.addresses;
    const addresses = ask(host).catch((error: unknown) => {
      answers.delete(host);
      throw error;
    });
    if (answers.size >= rememberedNames) answers.clear();
    answers.set(host, { sinceMs: now(), addresses });
    return addresses;
  };
}
