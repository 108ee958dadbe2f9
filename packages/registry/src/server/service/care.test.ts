import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  digestOf,
  makeSif,
  openTestRegistry,
  pushBlob,
  pushSif,
  type TestRegistry,
} from "../doors/registry.fixture.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { listCollections, setCollection } from "./collections.ts";
import { applyRetention, branchOf, keepImage, planRetention } from "./retention.ts";

const dayMs = 24 * 3_600_000;

let registry: TestRegistry;
let token: string;
beforeEach(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
});
afterEach(() => registry[Symbol.asyncDispose]());

const files = async (): Promise<string[]> => {
  const found = await readdir(path.join(registry.folder, "objects"), { recursive: true, withFileTypes: true });
  return found.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
};
const push = async (name: string, tag: string, content: string): Promise<string> => {
  const sif = await makeSif(registry.folder, { content });
  return (await pushSif(registry, token, { name, tag }, sif)).sif;
};
const status = async (place: string): Promise<number> => (await registry.call("HEAD", place)).status;

describe("garbage", () => {
  test("is what no manifest names, when it is old enough", async () => {
    const kept = await push("lab/x", "v1", "kept");
    const moved = await push("lab/x", "v2", "moved away");
    await push("lab/x", "v2", "moved to");
    const loose = await pushBlob(registry, token, "lab/x", Buffer.from("never named"));
    const uploads = (await registry.call("POST", "/v2/lab/x/blobs/uploads/", { token })).headers.get("location") ?? "";
    await registry.call("PATCH", uploads, { token, body: "some" });

    expect(await collectGarbage(registry.registry)).toMatchObject({ blobCount: 0, uploadCount: 0 });
    registry.clock.nowMs += 2 * dayMs;
    const planned = await collectGarbage(registry.registry, { isDryRun: true, untagged: true });
    expect(await status(`/v2/lab/x/blobs/${loose}`)).toBe(200);
    const done = await collectGarbage(registry.registry, { untagged: true });

    expect(planned).toMatchObject({ manifestCount: 1, blobCount: 1, uploadCount: 1 });
    expect(done).toMatchObject({ manifestCount: 1, blobCount: 2, uploadCount: 1 });
    expect(await status(`/v2/lab/x/blobs/${kept}`)).toBe(200);
    expect(await status(`/v2/lab/x/blobs/${loose}`)).toBe(404);
    expect(await status(`/v2/lab/x/blobs/${moved}`)).toBe(404);
    const names = await files();
    expect(names).toContain(kept.slice(7));
    expect(names).not.toContain(loose.slice(7));
    expect(names).not.toContain(moved.slice(7));
  });

  test("is not what another repository has, nor what was sent again just now", async () => {
    const content = Buffer.from("shared");
    const digest = await pushBlob(registry, token, "lab/a", content);
    registry.clock.nowMs += 2 * dayMs;
    await registry.call("POST", `/v2/lab/b/blobs/uploads/?mount=${digest}&from=lab/a`, { token });

    expect(await collectGarbage(registry.registry)).toMatchObject({ blobCount: 0 });
    expect(await status(`/v2/lab/a/blobs/${digest}`)).toBe(404);
    expect(await (await registry.call("GET", `/v2/lab/b/blobs/${digest}`)).text()).toBe("shared");
  });

  test("that is sent while it is collected is there afterwards", async () => {
    const content = Buffer.from("contested");
    await pushBlob(registry, token, "lab/a", content);
    registry.clock.nowMs += 2 * dayMs;

    const [, ...digests] = await Promise.all([
      collectGarbage(registry.registry),
      ...["lab/b", "lab/c", "lab/d"].map((name) => pushBlob(registry, token, name, content)),
    ]);

    const read = await registry.call("GET", `/v2/lab/c/blobs/${digests[0]}`);
    expect(await read.text()).toBe("contested");
    expect(await files()).toContain(digestOf(content).slice(7));
  });
});

describe("retention", () => {
  test("keeps the newest of each branch, and what is cited", async () => {
    await setCollection(registry.registry.state.db, "lab", { retention: { keepLast: 2 } });
    for (const tag of ["main-1111111", "main-2222222", "main-3333333", "main-4444444", "dev-1111111", "v1.0"]) {
      registry.clock.nowMs += 1000;
      await push("lab/x", tag, tag);
    }
    await keepImage(registry.registry, { repository: "lab/x", tag: "main-1111111" }, true);

    const expired = await planRetention(registry.registry);
    expect(expired).toMatchObject([
      { repository: "lab/x", tag: "main-2222222", architecture: "amd64", reason: "not among the newest of its branch" },
    ]);
    expect(await status("/v2/lab/x/manifests/main-2222222")).toBe(200);
    await applyRetention(registry.registry, expired);
    expect(await status("/v2/lab/x/manifests/main-2222222")).toBe(404);
    expect(await status("/v2/lab/x/manifests/main-1111111")).toBe(200);
    expect(await planRetention(registry.registry)).toEqual([]);
  });

  test("lets go what nobody pulls, by the innermost rule", async () => {
    const { db } = registry.registry.state;
    await setCollection(db, "", { retention: { expireUnusedDays: 10 } });
    await setCollection(db, "lab/forever", { retention: { keepLast: 100 } });
    for (const name of ["lab/used", "lab/unused", "lab/forever"]) await push(name, "v1", name);
    registry.clock.nowMs += 8 * dayMs;
    await (await registry.call("GET", "/lab/used/v1.sif")).arrayBuffer();
    registry.clock.nowMs += 8 * dayMs;

    expect(await planRetention(registry.registry)).toMatchObject([{ repository: "lab/unused", reason: "not used" }]);
  });

  test("knows a branch by what stands before a commit, date or number", () => {
    const tags = ["main", "main-1a2b3c4", "main-20260131", "feature-x", "v1.2", "main-zzz"];
    expect(tags.map(branchOf)).toEqual(["main", "main", "main", "feature-x", "v1", "main-zzz"]);
  });
});

test("a collection keeps what was said of it and not taken back", async () => {
  const { db } = registry.registry.state;
  await setCollection(db, "lab", { isPrivate: true, quotaBytes: 5, retention: { keepLast: 1 } });
  await setCollection(db, "lab", { description: "tools", quotaBytes: null });
  await setCollection(db, "lab", {});

  expect(await listCollections(db)).toEqual([
    {
      path: "lab",
      isPrivate: true,
      description: "tools",
      readme: "",
      quotaBytes: undefined,
      retention: { keepLast: 1 },
    },
  ]);
  await expect(setCollection(db, "../x", {})).rejects.toThrow("no name of a repository");
});
