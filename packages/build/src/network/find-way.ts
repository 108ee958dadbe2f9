import { isIP } from "node:net";
import type { ProxySettings } from "../host/proxies.ts";
import { formatEndpoint } from "./named-endpoints.ts";
import { whyRefused } from "./refused-address.ts";
import { type ProxiedTarget, upstreamProxy } from "./upstream-proxy.ts";

/** What steps may reach, and how. */
export interface NetworkPolicy {
  /** Servers that are reached wherever they are, as `formatEndpoint` writes them. */
  readonly named: ReadonlySet<string>;
  /** Proxies of this machine; all of them speak HTTP. */
  readonly proxies: ProxySettings;
  /** PEM of the authorities that certificates of these proxies are checked with. */
  readonly caBundle: string;
  /** Addresses of this machine's interfaces, as they are now. */
  readonly ownAddresses: () => readonly string[];
  /** All addresses of a name. Rejects when there are none. */
  readonly lookup: (host: string) => Promise<readonly string[]>;
}

/** How a target is reached, or why it is not. */
export type Way =
  /** The addresses were checked: connections go to them and to no others, whatever the name means later. */
  | { readonly kind: "direct"; readonly addresses: readonly string[] }
  | { readonly kind: "upstream"; readonly proxy: URL }
  | { readonly kind: "refused"; readonly text: string };

/** How long a name may take that is asked for only to refuse it, when a proxy of this machine looks it up itself. */
const upstreamLookupMs = 2_000;

/**
 * Finds the way to a target.
 *
 * Where a proxy of this machine leads out, that proxy looks names up. They are looked up here as well, where that can be
 * done, so that names of this machine and of what is near it are refused; a name that means something else there than here
 * is beyond this check.
 * @throws what `lookup` throws, for a name that would be reached directly
 */
export async function findWay(target: ProxiedTarget, policy: NetworkPolicy): Promise<Way> {
  const isNamed = policy.named.has(formatEndpoint(target.host, target.port));
  const proxy = upstreamProxy(policy.proxies, target);
  if (proxy !== undefined) {
    const seen = isNamed ? [] : await lookupBriefly(target.host, policy);
    return refusal(target, seen, policy, "any") ?? { kind: "upstream", proxy };
  }
  const addresses = await addressesOf(target.host, policy);
  if (isNamed) return { kind: "direct", addresses };
  const allowed = addresses.filter((address) => whyRefused(address, policy.ownAddresses()) === undefined);
  return refusal(target, addresses, policy, "all") ?? { kind: "direct", addresses: allowed };
}

async function addressesOf(host: string, { lookup }: NetworkPolicy): Promise<readonly string[]> {
  return isIP(host) === 0 ? lookup(host) : [host];
}

/** What is known of a name within a short time: nothing, on machines whose proxy alone knows the names outside. */
async function lookupBriefly(host: string, policy: NetworkPolicy): Promise<readonly string[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => resolve([]), upstreamLookupMs);
  const known = addressesOf(host, policy).catch(() => []);
  return Promise.race([known, late]).finally(() => clearTimeout(timer));
}

/** @param when whether one refused address is enough, or only a target that has no others is refused */
function refusal(
  { host, port }: ProxiedTarget,
  addresses: readonly string[],
  { ownAddresses }: NetworkPolicy,
  when: "any" | "all",
): Way | undefined {
  const own = ownAddresses();
  const reasons = addresses.map((address) => ({ address, reason: whyRefused(address, own) }));
  const refused = reasons.filter(({ reason }) => reason !== undefined);
  const [first] = refused;
  if (first === undefined || (when === "all" && refused.length < reasons.length)) return undefined;
  const endpoint = formatEndpoint(host, port);
  const shown = first.address === host ? endpoint : `${endpoint} (${first.address})`;
  return { kind: "refused", text: `${shown} is ${first.reason ?? ""}; steps may not reach it` };
}
