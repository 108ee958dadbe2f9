import { BlockList, isIP, isIPv6 } from "node:net";

/** Addresses that steps may not reach, by why; the first that fits is told. */
const refusedRanges: readonly (readonly [reason: string, ranges: readonly string[]])[] = [
  ["this machine's loopback", ["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"]],
  ["a link-local address, where clouds have their metadata", ["169.254.0.0/16", "fe80::/10"]],
  // those of Alibaba, Azure and Oracle, then of Amazon, Google and Oracle, which lie outside the link-local ranges
  ["a cloud's metadata service", ["100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"]],
  ["a cloud's metadata service", ["fd00:ec2::254/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128"]],
  ["a multicast address", ["224.0.0.0/4", "255.255.255.255/32", "ff00::/8"]],
];

const refused = refusedRanges.map(([reason, ranges]) => ({ reason, list: listOf(ranges) }));

/** IPv6 addresses whose last four bytes are an IPv4 address: mapped, compatible and those that NAT64 translates. */
const carriers = listOf(["::ffff:0:0/96", "::/96", "64:ff9b::/96"]);

/**
 * Why steps may not reach an address, as the end of a sentence that begins with the address.
 * @param address IPv4 or IPv6, also one that carries an IPv4 address; a zone after `%` is passed over
 * @param ownAddresses of this machine's interfaces
 * @returns undefined when they may
 */
export function whyRefused(address: string, ownAddresses: readonly string[]): string | undefined {
  const plain = plainAddress(address);
  const found = refused.find(({ list }) => list.check(plain, isIPv6(plain) ? "ipv6" : "ipv4"));
  if (found !== undefined) return found.reason;
  return ownAddresses.some((own) => plainAddress(own) === plain) ? "an address of this machine" : undefined;
}

/** One spelling for every address; IPv4 where an IPv6 address carries one. @throws TypeError for anything else */
function plainAddress(address: string): string {
  const [bare = ""] = address.split("%");
  if (isIP(bare) === 0) throw new TypeError(`${address} is no address`);
  if (isIP(bare) === 4) return bare;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  if (canonical === "::1" || canonical === "::" || !carriers.check(canonical, "ipv6")) return canonical;
  const [high = 0, low = 0] = canonical
    .split(":")
    .slice(-2)
    .map((group) => (group === "" ? 0 : Number.parseInt(group, 16)));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix = ""] = range.split("/");
    list.addSubnet(address, Number(prefix), isIPv6(address) ? "ipv6" : "ipv4");
  }
  return list;
}
