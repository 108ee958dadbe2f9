import { expect, test } from "vitest";
import type { HostSettings } from "../host/host-settings.ts";
import { stepEnv } from "../host/step-env.ts";
import { aptConf } from "../host/step-files.ts";
import { limitedSettings, networkPolicy, rememberedLookup } from "./limited-network.ts";

const settings: HostSettings = {
  caBundle: "",
  proxies: { http: "http://me:secret@proxy.example:1", none: "intranet.example" },
  python: { extraIndexUrls: [], findLinks: [], trustedHosts: [], noIndex: false },
  npm: { scopeRegistries: {}, hasCredentials: false },
  conda: {},
  apt: {
    release: { id: "", idLike: [], codename: "", prettyName: "" },
    sources: [],
    options: [
      'Acquire::http::Proxy "http://me:secret@proxy.example:1";',
      'Acquire::https::Proxy::deb.example "DIRECT";',
      'Acquire::Retries "3";',
    ],
    proxies: {},
  },
  archives: {},
  mirrors: {},
  notices: [],
};

test("steps are told of the builder's proxy alone, in variables and apt's settings", () => {
  const limited = limitedSettings(settings, new Set());
  const env = stepEnv(limited, []);
  const apt = aptConf(limited, { hasOwnSources: false });

  expect(env).toMatchObject({
    http_proxy: "http://127.0.0.1:61080",
    HTTPS_PROXY: "http://127.0.0.1:61080",
    no_proxy: "localhost,127.0.0.1",
    NODE_USE_ENV_PROXY: "1",
  });
  expect(apt).toContain('Acquire::http::Proxy "http://127.0.0.1:61080";');
  expect(apt).toContain('Acquire::Retries "3";');
  expect(JSON.stringify(env) + apt).not.toMatch(/secret|intranet|DIRECT/);
});

test("a server on loopback that the settings name is asked through the proxy, which leads to the machine's loopback", () => {
  expect(limitedSettings(settings, new Set(["127.0.0.1:8080"])).proxies.none).toBe("localhost");
  expect(limitedSettings(settings, new Set(["127.0.0.1:1", "localhost:2"])).proxies).not.toHaveProperty("none");
});

test("the policy knows this machine's own addresses and names", async () => {
  const policy = networkPolicy(settings, []);

  expect(policy.ownAddresses()).toContain("127.0.0.1");
  expect(await policy.lookup("localhost")).toEqual(expect.arrayContaining([expect.stringMatching(/^(?:127\.|::1)/)]));
});

test("a name is looked up once a minute, however many ask at a time; a failure is not remembered", async () => {
  const asked: string[] = [];
  let nowMs = 0;
  const lookup = rememberedLookup(
    (host) => {
      asked.push(host);
      return host === "bad.example" ? Promise.reject(new Error("no such name")) : Promise.resolve(["192.0.2.1"]);
    },
    () => nowMs,
  );

  const answers = await Promise.all([lookup("a.example"), lookup("a.example"), lookup("b.example")]);
  await expect(lookup("bad.example")).rejects.toThrow("no such name");
  await expect(lookup("bad.example")).rejects.toThrow("no such name");
  nowMs = 60_000;
  await lookup("a.example");

  expect(answers).toEqual([["192.0.2.1"], ["192.0.2.1"], ["192.0.2.1"]]);
  expect(asked).toEqual(["a.example", "b.example", "bad.example", "bad.example", "a.example"]);
});

test("names without end are not all kept", async () => {
  const asked: string[] = [];
  const lookup = rememberedLookup(
    (host) => {
      asked.push(host);
      return Promise.resolve(["192.0.2.1"]);
    },
    () => 0,
  );

  for (let count = 0; count < 1_001; count += 1) await lookup(`${count}.example`);
  await lookup("0.example");

  expect(asked.filter((host) => host === "0.example")).toHaveLength(2);
});
