import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { isAppError, Secret } from "@repo2singularity/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openRegistryTransport } from "../../../http/errors.ts";
import { pushOras, type PushOrasOptions } from "../../../push/push-oras.ts";
import { createToken } from "../../policy/tokens.ts";
import { parseScope } from "../../policy/scope.ts";
import { setCollection } from "../../service/collections.ts";
import { digestOf, makeSif, openTestRegistry, type TestRegistry } from "../registry.fixture.ts";

/** Uploads that something comes between: a token that ends, a quota that others fill. */
let registry: TestRegistry;
let endless: string;
beforeEach(async () => {
  registry = await openTestRegistry();
  endless = await registry.token("lab");
});
afterEach(() => registry[Symbol.asyncDispose]());

/** A token of the account `lab` that ends in a minute. */
const shortToken = async (): Promise<string> => {
  const { nowMs } = registry.clock;
  const token = { account: "lab", kind: "personal", label: "short", scopes: [parseScope("**:*")] } as const;
  return (await createToken(registry.registry.state.db, { ...token, expiresMs: nowMs + 60_000 }, nowMs)).text.reveal();
};
const start = async (token: string, name: string): Promise<string> =>
  (await registry.call("POST", `/v2/${name}/blobs/uploads/`, { token })).headers.get("location") ?? "";
const stored = async (): Promise<string[]> => {
  const found = await readdir(path.join(registry.folder, "objects"), { recursive: true, withFileTypes: true });
  return found.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
};

test("an upload whose token ends stops with the reason, and goes on with a new one", async () => {
  const content = Buffer.alloc(1000, "interrupted");
  const digest = digestOf(content);
  const token = await shortToken();
  const location = await start(token, "lab/x");
  await registry.call("PATCH", location, { token, body: content.subarray(0, 400) });
  registry.clock.nowMs += 61_000;

  const late = await registry.call("PATCH", location, { token, body: content.subarray(400) });
  const finish = await registry.call("PUT", `${location}?digest=${digest}`, { token });
  expect([late.status, finish.status]).toEqual([401, 401]);
  expect(await late.text()).toContain("the token is not valid: it may have ended or been revoked");
  expect((await registry.call("HEAD", `/v2/lab/x/blobs/${digest}`, { token: endless })).status).toBe(404);

  const status = await registry.call("GET", location, { token: endless });
  expect(status.headers.get("range")).toBe("0-399");
  await registry.call("PATCH", location, { token: endless, body: content.subarray(400) });
  expect((await registry.call("PUT", `${location}?digest=${digest}`, { token: endless })).status).toBe(201);
  expect(await (await registry.call("GET", `/v2/lab/x/blobs/${digest}`)).text()).toBe(content.toString());
});

test("our own push says that its token ended, stores no image, and succeeds with a new one", async () => {
  const file = path.join(registry.folder, "x.sif");
  await writeFile(file, await makeSif(registry.folder, { content: "interrupted".repeat(1000) }));
  await using transport = await openRegistryTransport();
  const push = (token: string, more: Partial<PushOrasOptions> = {}): ReturnType<typeof pushOras> => {
    const host = new URL(registry.url).host;
    const credentials: PushOrasOptions["credentials"] = async () => ({
      kind: "password",
      user: "lab",
      password: new Secret(token),
    });
    const reference = { kind: "docker", host, repository: "lab/x", tag: "v1", digest: undefined } as const;
    return pushOras(file, reference, { transport, credentials, chunkBytes: 4000, ...more });
  };

  const ends = await push(await shortToken(), {
    onProgress: () => (registry.clock.nowMs += 61_000),
  }).catch((error: unknown) => error);

  expect(isAppError(ends, "E_REGISTRY_AUTH"), String(ends)).toBe(true);
  expect(String(ends)).toContain("it may have ended or been revoked");
  expect((await registry.call("GET", "/v2/lab/x/tags/list", { token: endless })).status).toBe(200);
  expect((await registry.call("HEAD", "/v2/lab/x/manifests/v1")).status).toBe(404);
  expect((await push(endless)).sentBytes).toBeGreaterThan(10_000);
  expect((await registry.call("HEAD", "/v2/lab/x/manifests/v1")).status).toBe(200);
});

test("uploads that each would fit do not pass a quota together, and nothing stays of those that are refused", async () => {
  await setCollection(registry.registry.state.db, "lab", { quotaBytes: 1000 });
  const contents = ["a", "b", "c"].map((letter) => Buffer.alloc(600, letter));
  const locations = await Promise.all(contents.map((_, index) => start(endless, `lab/${index}`)));
  const sent = await Promise.all(
    contents.map((body, index) => registry.call("PATCH", locations[index] ?? "", { token: endless, body })),
  );
  const finished = await Promise.all(
    contents.map((body, index) =>
      registry.call("PUT", `${locations[index]}?digest=${digestOf(body)}`, { token: endless }),
    ),
  );

  expect(sent.map(({ status }) => status)).toEqual([202, 202, 202]);
  expect(finished.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 403, 403]);
  const refused = finished.find(({ status }) => status === 403);
  expect(await refused?.text()).toContain("the quota of lab is full");
  expect(await stored()).toHaveLength(1);
});

test("chunks of one upload count together, and taking over from elsewhere counts as well", async () => {
  const owner = await registry.token("owner");
  await setCollection(registry.registry.state.db, "owner/small", { quotaBytes: 1000 });
  const location = await start(owner, "owner/small/x");
  const chunk = (letter: string): Promise<Response> =>
    registry.call("PATCH", location, { token: owner, body: Buffer.alloc(600, letter) });
  const large = Buffer.alloc(1001, "elsewhere");
  const digest = digestOf(large);
  await registry.call("POST", `/v2/owner/large/blobs/uploads/?digest=${digest}`, { token: owner, body: large });

  expect([(await chunk("a")).status, (await chunk("b")).status]).toEqual([202, 403]);
  const query = `mount=${digest}&from=owner/large`;
  const mounted = await registry.call("POST", `/v2/owner/small/x/blobs/uploads/?${query}`, { token: owner });
  expect(mounted.status).toBe(403);
  expect((await registry.call("HEAD", `/v2/owner/small/x/blobs/${digest}`)).status).toBe(404);
  expect((await registry.call("HEAD", `/v2/owner/large/blobs/${digest}`)).status).toBe(200);
});
