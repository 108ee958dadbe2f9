import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { whyRefused } from "./refused-address.ts";

const byte = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(byte, byte, byte, byte);

/** Written here once more, in plain numbers. */
function isRefused([first, second, third, fourth]: readonly [number, number, number, number]): boolean {
  if (first === 127 || first === 0 || (first >= 224 && first <= 239)) return true;
  if (first === 169 && second === 254) return true;
  const rest = [first, second, third, fourth].join(".");
  return ["255.255.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192"].includes(rest);
}

/** Refused first bytes as often as all others together. */
const weighted = fc.oneof(
  address,
  fc.tuple(fc.constantFrom(127, 0, 169, 224, 239, 255), fc.constantFrom(254, 0, 1), byte, byte),
);

const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);

describe("whether steps may reach an address", () => {
  test("is decided by its range, for IPv4 in every spelling that IPv6 has for it", () => {
    fc.assert(
      fc.property(weighted, ([a, b, c, d]) => {
        const plain = `${a}.${b}.${c}.${d}`;
        const expected = isRefused([a, b, c, d]);
        const spellings = [
          plain,
          `::ffff:${plain}`,
          `::ffff:${hex(a, b)}:${hex(c, d)}`,
          `64:ff9b::${hex(a, b)}:${hex(c, d)}`,
        ];
        for (const spelling of [...spellings, `0:0:0:0:0:FFFF:${hex(a, b)}:${hex(c, d)}`]) {
          expect(whyRefused(spelling, []) !== undefined, spelling).toBe(expected);
        }
      }),
    );
  });

  test("is no for this machine's own addresses in every spelling, and for no others", () => {
    fc.assert(
      fc.property(address, address, (own, other) => {
        const [mine, theirs] = [own.join("."), other.join(".")];
        fc.pre(!isRefused(own) && !isRefused(other));

        expect(whyRefused(`::ffff:${mine}`, [mine])).toBe("an address of this machine");
        expect(whyRefused(theirs, [mine]) !== undefined).toBe(mine === theirs);
      }),
    );
  });

  test.each([
    "::1",
    "::",
    "0:0:0:0:0:0:0:1",
    "fe80::1",
    "fe80::a9fe:a9fe%eth0",
    "febf::1",
    "ff02::1",
    "fd00:ec2::254",
    "::127.0.0.1",
  ])("is no for %s", (text) => {
    expect(whyRefused(text, [])).toBeTypeOf("string");
  });

  test.each(["10.1.2.3", "192.168.1.1", "172.16.0.1", "fd00::1", "2001:db8::1", "100.64.0.1", "::ffff:10.0.0.1"])(
    "is yes for %s, where an institute's servers are or the world's",
    (text) => {
      expect(whyRefused(text, ["192.0.2.7", "fd00::2"])).toBeUndefined();
    },
  );

  test("is no for an own IPv6 address however it is written", () => {
    expect(whyRefused("fd00:0:0:0::2", ["fd00::2"])).toBe("an address of this machine");
    expect(whyRefused("fe80::2", ["fe80::2%eth0"])).toBeTypeOf("string");
  });
});
