import path from "node:path";
import { isAppError, Secret } from "@repo2singularity/base";
import {
  type ObjectStore,
  openS3ObjectStore,
  readS3Settings,
  type S3ObjectStoreOptions,
  type S3Settings,
} from "@repo2singularity/store/objects";
import { describeObjectStore, inChunks, readAll, seededBytes } from "@repo2singularity/testkit/objects";
import { hasSwift, startSwift, type SwiftStorage } from "@repo2singularity/testkit/swift";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { scratchFolder } from "./support/run-folder.ts";

/** The S3 adapter at a real storage that checks signatures and dates: OpenStack Swift with s3api. */
describe.runIf(hasSwift)("object storage", () => {
  let swift: SwiftStorage;
  let settings: S3Settings;

  beforeAll(async () => {
    swift = await startSwift(path.join(scratchFolder("swift"), "storage"));
    settings = await readS3Settings({ env: swift.env, homeDir: "/nowhere", readFile: async () => undefined });
    for (const bucket of ["prefixed", "own"]) await swift.makeBucket(bucket);
  });
  afterAll(() => swift[Symbol.asyncDispose]());

  const opened: ObjectStore[] = [];
  afterAll(() => Promise.all(opened.map((store) => store[Symbol.asyncDispose]())));
  const open = async (
    bucket: string,
    prefix = "",
    limits: Pick<S3ObjectStoreOptions, "copyLimitBytes" | "pageSize"> = {},
  ): Promise<ObjectStore> => {
    const store = await openS3ObjectStore({ bucket, prefix, settings, ...limits });
    opened.push(store);
    return store;
  };

  describeObjectStore(
    "below a prefix of a bucket",
    () => open("prefixed", "some/where/"),
    () => open("prefixed", "some/where/"),
  );

  test("a prefix hides what lies beside it", async () => {
    const all = await open("own");
    const below = await open("own", "a/");
    await all.write("a/x", inChunks("1"));
    await all.write("ab/y", inChunks("2"));

    const names = [];
    for await (const { name } of below.list("")) names.push(name);

    expect(names).toEqual(["x"]);
    expect((await readAll(await below.read("x"))).toString()).toBe("1");
  });

  test("an object of many parts comes back, with known and with unknown length", async () => {
    const store = await open("own");
    const content = seededBytes(40_000_000, "many parts");

    const known = await store.write("many/known", inChunks(content), { sizeBytes: content.length });
    const unknown = await store.write("many/unknown", inChunks(content, 1_000_003));

    expect([known.sizeBytes, unknown.sizeBytes]).toEqual([content.length, content.length]);
    expect((await readAll(await store.read("many/known"))).equals(content)).toBe(true);
    expect((await readAll(await store.read("many/unknown"))).equals(content)).toBe(true);
    const range = { start: 8_388_600, end: 8_388_620 };
    expect(
      (await readAll(await store.read("many/known", { range }))).equals(content.subarray(8_388_600, 8_388_620)),
    ).toBe(true);
  });

  test("nothing stays of an object of many parts that breaks off", async () => {
    const store = await open("own", "broken/");
    const failure = new Error("the line broke");
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield* inChunks(seededBytes(20_000_000, "broken"));
      throw failure;
    };

    await expect(store.write("x", content())).rejects.toBe(failure);

    expect(await store.stat("x")).toBeUndefined();
    expect(await store.removeStaleUploads(new Date(Date.now() + 3_600_000))).toBe(0);
  });

  test("a long object is moved in parts", async () => {
    const store = await open("own", "", { copyLimitBytes: 6_000_000 });
    const content = seededBytes(15_000_000, "moved");
    await store.write("long/from", inChunks(content));

    await store.move("long/from", "long/to");

    expect((await readAll(await store.read("long/to"))).equals(content)).toBe(true);
    expect(await store.stat("long/from")).toBeUndefined();
  });

  test("more objects than a page are listed", async () => {
    const store = await open("own", "page/", { pageSize: 4 });
    const names = Array.from({ length: 10 }, (_, number) => `n${number}`);
    await Promise.all(names.map((name) => store.write(name, inChunks(name))));

    const listed = [];
    for await (const { name } of store.list("")) listed.push(name);

    expect(listed).toEqual(names);
  });

  test("anybody reads and writes at a signed address until it expires", async () => {
    const store = await open("own");
    await store.write("signed/with space+plus", inChunks("for anybody"), { contentType: "text/plain" });
    const address = async (method: "GET" | "PUT", expiresSeconds: number): Promise<string> =>
      (await store.directUrl?.("signed/with space+plus", { method, expiresSeconds })) ?? "";

    const read = await fetch(await address("GET", 60));
    const short = await address("GET", 1);
    const wrongMethod = await fetch(await address("GET", 60), { method: "PUT", body: "x" });
    const written = await fetch(await address("PUT", 60), { method: "PUT", body: "by anybody" });

    expect([read.status, read.headers.get("content-type"), await read.text()]).toEqual([
      200,
      "text/plain",
      "for anybody",
    ]);
    expect([wrongMethod.status, written.status]).toEqual([403, 200]);
    expect((await readAll(await store.read("signed/with space+plus"))).toString()).toBe("by anybody");
    await expect.poll(async () => (await fetch(short)).status, { timeout: 10_000, interval: 300 }).toBe(403);
  });

  test.each([
    ["a wrong secret", { secretAccessKey: new Secret("wrong"), accessKeyId: "r2s:u" }],
    ["an unknown key", { secretAccessKey: new Secret("pw"), accessKeyId: "r2s:nobody" }],
    ["no name", undefined],
  ])("says that %s is refused, and shows no secret", async (_, credentials) => {
    const { credentials: _own, ...rest } = settings;
    const store = await openS3ObjectStore({
      bucket: "own",
      prefix: "",
      settings: { ...rest, ...(credentials === undefined ? {} : { credentials }) },
    });
    opened.push(store);

    const refused = await store.write("x", inChunks("x")).catch((error: unknown) => error);

    expect(isAppError(refused, "E_STORAGE_AUTH")).toBe(true);
    expect(String(refused)).not.toContain("wrong");
    expect(refused).toMatchObject({ hint: expect.stringMatching(/check the keys|were found/) });
  });

  test("says that a bucket is not there", async () => {
    const store = await open("no-such-bucket");

    await expect(store.write("x", inChunks("x"))).rejects.toSatisfy((error) => isAppError(error, "E_OBJECT_NOT_FOUND"));
    await expect(store.read("x")).rejects.toSatisfy((error) => isAppError(error, "E_OBJECT_NOT_FOUND"));
  });
});
