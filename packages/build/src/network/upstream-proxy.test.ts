import { expect, test } from "vitest";
import { canChain, proxyAuthorization, upstreamProxy } from "./upstream-proxy.ts";

const tunnel = (host: string, port = 443): { kind: "connect"; host: string; port: number } => ({
  kind: "connect",
  host,
  port,
});

test("takes the proxy of the kind of request, else that for all", () => {
  const proxies = { http: "http://plain:1", https: "http://secure:2", all: "http://all:3" };

  expect(upstreamProxy(proxies, { kind: "http", host: "a.example", port: 80 })?.host).toBe("plain:1");
  expect(upstreamProxy(proxies, tunnel("a.example"))?.host).toBe("secure:2");
  expect(upstreamProxy({ all: "all.example:3" }, tunnel("a.example"))?.host).toBe("all.example:3");
  expect(upstreamProxy({ http: "http://plain:1" }, tunnel("a.example"))?.host).toBe("plain:1");
  expect(upstreamProxy({}, tunnel("a.example"))).toBeUndefined();
});

test.each([
  ["a.example", "a.example", true],
  ["a.example", "b.a.example", true],
  [".a.example", "b.a.example", true],
  ["*.a.example", "b.a.example", true],
  ["a.example", "ba.example", false],
  ["A.Example", "a.example", true],
  ["a.example:443", "a.example", true],
  ["a.example:80", "a.example", false],
  ["x.example, a.example", "a.example", true],
  ["*", "anything", true],
  ["10.0.0.0/8", "10.200.1.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.0.0.0/99", "10.0.0.1", false],
  ["10.1.2.3", "10.1.2.3", true],
  ["fd00::/8", "fd00::7", true],
  ["", "a.example", false],
])("NO_PROXY %j and the host %s: without a proxy is %s", (none, host, isExcepted) => {
  expect(upstreamProxy({ all: "http://proxy:1", none }, tunnel(host)) === undefined).toBe(isExcepted);
});

test("tells a proxy the user and password of its address, percent signs read", () => {
  expect(proxyAuthorization(new URL("http://me:p%40ss@proxy:1"))).toBe(`Basic ${btoa("me:p@ss")}`);
  expect(proxyAuthorization(new URL("http://proxy:1"))).toBeUndefined();
});

test("cannot lead to a proxy that speaks SOCKS", () => {
  expect(canChain({ http: "http://a:1", all: "socks5h://b:2" })).toBe(false);
  expect(canChain({ https: "https://a:1", http: "a:2" })).toBe(true);
});
