import fc from "fast-check";
import { expect, test } from "vitest";
import { parseWwwAuthenticate } from "./www-authenticate.ts";

const cases: readonly (readonly [string, readonly (readonly [string, Record<string, string>])[]])[] = [
  ["", []],
  ["Basic", [["basic", {}]]],
  ['Basic realm="x"', [["basic", { realm: "x" }]]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull"',
    [
      [
        "bearer",
        {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:library/debian:pull",
        },
      ],
    ],
  ],
  ['bearer REALM = "a, b=c" , service=plain', [["bearer", { realm: "a, b=c", service: "plain" }]]],
  ['Bearer realm="q\\"uo\\\\ted"', [["bearer", { realm: 'q"uo\\ted' }]]],
  ["Bearer realm=https://host/token,service=x", [["bearer", { realm: "https://host/token", service: "x" }]]],
  [
    'Basic realm="one", Bearer realm="two",scope="s"',
    [
      ["basic", { realm: "one" }],
      ["bearer", { realm: "two", scope: "s" }],
    ],
  ],
  [
    "Negotiate, Basic realm=x",
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  ['Bearer realm="unclosed', [["bearer", {}]]],
  ["=broken", []],
];

test.each(cases)("reads %j", (header, expected) => {
  const found = parseWwwAuthenticate(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
  expect(found).toEqual(expected);
});

test("any text is read without failing", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "B", " ", "=", ",", '"', "\\", "/", ";", "é") }), (text) => {
      parseWwwAuthenticate(text);
    }),
  );
});
