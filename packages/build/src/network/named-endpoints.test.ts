import { expect, test } from "vitest";
import type { EndpointSettings } from "./named-endpoints.ts";
import { formatEndpoint, namedEndpoints } from "./named-endpoints.ts";

const nothing: EndpointSettings = {
  python: { extraIndexUrls: [], findLinks: [], trustedHosts: [], noIndex: false },
  npm: { scopeRegistries: {}, hasCredentials: false },
  conda: {},
  apt: { release: { id: "", idLike: [], codename: "", prettyName: "" }, sources: [], options: [], proxies: {} },
  archives: {},
  mirrors: {},
};

test("lists every server that the machine's settings name, with its port, and nothing else", () => {
  const settings: EndpointSettings = {
    ...nothing,
    python: {
      ...nothing.python,
      indexUrl: "http://user:secret@127.0.0.1:8080/simple",
      extraIndexUrls: ["https://extra.example/simple"],
      findLinks: ["/opt/wheels", "http://links.example/"],
    },
    npm: { ...nothing.npm, registry: "https://npm.example:4873/", scopeRegistries: { "@a": "http://[::1]:9/" } },
    conda: { aliasUrl: "http://localhost:7000" },
    apt: { ...nothing.apt, sources: [{ uri: "http://Deb.example/debian", suite: "trixie", components: ["main"] }] },
    mirrors: {
      cran: "http://127.0.0.1:1/cran",
      dockerHub: "hub.example/path",
      images: { base: "docker://127.0.0.1:5000/x" },
    },
  };

  expect(
    [...namedEndpoints(settings, ["docker://registry.example/a:1", "auto", "docker://ubuntu:24.04"])].toSorted(),
  ).toEqual(
    [
      "127.0.0.1:1",
      "127.0.0.1:5000",
      "127.0.0.1:8080",
      "[::1]:9",
      "deb.example:80",
      "extra.example:443",
      "hub.example:443",
      "links.example:80",
      "localhost:7000",
      "npm.example:4873",
      "registry.example:443",
    ].toSorted(),
  );
});

test("writes what clients ask for in the same way", () => {
  expect(formatEndpoint("::1", 9)).toBe("[::1]:9");
  expect(formatEndpoint("Deb.Example", 80)).toBe("deb.example:80");
});
