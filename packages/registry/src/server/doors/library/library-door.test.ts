import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setCollection } from "../../service/collections.ts";
import { digestOf, makeSif, openTestRegistry, pushSif, type TestRegistry } from "../registry.fixture.ts";

let registry: TestRegistry;
let token: string;
beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
});
afterAll(() => registry[Symbol.asyncDispose]());

interface Envelope {
  readonly data?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
}
const ask = async (
  method: string,
  path: string,
  { body, who = token }: { body?: unknown; who?: string } = {},
): Promise<{ status: number; json: Envelope }> => {
  const text = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
  const answer = await registry.call(method, path, { ...(who !== "" && { token: who }), ...text });
  const json = await answer.text();
  return { status: answer.status, json: json === "" ? {} : (JSON.parse(json) as Envelope) };
};
const hashOf = (sif: Buffer): string => digestOf(sif).replace(":", ".");

/** What the stock client does before it sends bytes. @returns ids of container and image */
const announce = async (path: string, sif: Buffer): Promise<{ container: string; image: string; isThere: unknown }> => {
  const [entity = "", collection = "", name = ""] = path.split("/");
  const found = await ask("GET", `/v1/entities/${entity}`);
  const second = await ask("POST", "/v1/collections", { body: { name: collection, entity: found.json.data?.["id"] } });
  const third = await ask("POST", "/v1/containers", { body: { name, collection: second.json.data?.["id"] } });
  const container = String(third.json.data?.["id"]);
  const made = await ask("POST", "/v1/images", { body: { hash: hashOf(sif), description: "", container } });
  return { container, image: String(made.json.data?.["id"]), isThere: made.json.data?.["uploaded"] };
};
const send = async (path: string, sif: Buffer, tag: string, arch = "amd64"): Promise<void> => {
  const { container, image, isThere } = await announce(path, sif);
  if (isThere !== true) {
    const { json } = await ask("POST", `/v2/imagefile/${image}`, { body: { filesize: sif.length, sha256sum: "" } });
    const sent = await registry.call("PUT", String(json.data?.["uploadURL"]), { body: sif });
    expect(sent.status).toBe(200);
    expect((await ask("PUT", `/v2/imagefile/${image}/_complete`, { body: {} })).status).toBe(200);
  }
  const tagged = await ask("POST", `/v2/tags/${container}`, { body: { Arch: arch, Tag: tag, ImageID: image } });
  expect(tagged.status).toBe(200);
};

describe("push", () => {
  test("in one piece, then pull by tag, by hash, and by the OCI door", async () => {
    const sif = await makeSif(registry.folder, { labels: { org: "lab" } });
    await send("lab/tools/x", sif, "v1");

    const { json } = await ask("GET", "/v1/images/lab/tools/x:v1?arch=amd64");
    expect(json.data).toMatchObject({
      hash: hashOf(sif),
      size: sif.length,
      tags: ["v1"],
      arch: "amd64",
      signed: false,
    });
    for (const reference of ["v1", hashOf(sif)]) {
      const file = await registry.call("GET", `/v1/imagefile/lab/tools/x:${reference}?arch=amd64`);
      expect(Buffer.from(await file.arrayBuffer())).toEqual(sif);
    }
    const manifest = await registry.call("GET", "/v2/lab/tools/x/manifests/v1");
    expect(await manifest.json()).toMatchObject({
      config: { mediaType: "application/vnd.sylabs.sif.config.v1+json", size: 2 },
      layers: [{ mediaType: "application/vnd.sylabs.sif.layer.v1.sif", digest: digestOf(sif), size: sif.length }],
    });
  });

  test("of what somebody may read already sends nothing", async () => {
    const sif = await makeSif(registry.folder, { content: "twice" });
    await send("lab/tools/first", sif, "v1");

    expect((await announce("lab/tools/second", sif)).isThere).toBe(true);
    await send("lab/tools/second", sif, "v1");
    const { json } = await ask("GET", "/v1/images/lab/tools/second:v1?arch=amd64");
    expect(json.data).toMatchObject({ hash: hashOf(sif) });
  });

  test("in parts, one of them twice because its connection broke", async () => {
    const sif = await makeSif(registry.folder, { content: "x".repeat(70_000_000) });
    const { image, container } = await announce("lab/tools/parts", sif);
    const { json } = await ask("POST", `/v2/imagefile/${image}/_multipart`, { body: { filesize: sif.length } });
    const { uploadID, partSize, totalParts } = json.data as { uploadID: string; partSize: number; totalParts: number };
    expect([partSize, totalParts]).toEqual([64 * 2 ** 20, 2]);
    const put = async (number: number, body: Buffer): Promise<number> => {
      const part = await ask("PUT", `/v2/imagefile/${image}/_multipart`, {
        body: { uploadID, partNumber: number, partSize: body.length, sha256sum: "" },
      });
      const answer = await registry.call("PUT", String(part.json.data?.["presignedURL"]), { body });
      return answer.status;
    };

    expect(await put(2, sif.subarray(partSize))).toBe(400);
    expect(await put(1, sif.subarray(0, 1000))).toBe(400);
    expect(await put(1, sif.subarray(0, partSize))).toBe(200);
    expect(await put(2, sif.subarray(partSize))).toBe(200);
    const done = await ask("PUT", `/v2/imagefile/${image}/_multipart_complete`, {
      body: { uploadID, completedParts: [] },
    });
    expect(done.status).toBe(200);
    await ask("POST", `/v2/tags/${container}`, { body: { Arch: "amd64", Tag: "v1", ImageID: image } });
    const file = await registry.call("GET", "/v1/imagefile/lab/tools/parts:v1?arch=amd64");
    const hash = createHash("sha256").update(Buffer.from(await file.arrayBuffer()));
    expect(`sha256:${hash.digest("hex")}`).toBe(digestOf(sif));
  });

  test("of parts that are given up leaves nothing", async () => {
    const sif = await makeSif(registry.folder, { content: "given up" });
    const { image } = await announce("lab/tools/abort", sif);
    const { json } = await ask("POST", `/v2/imagefile/${image}/_multipart`, { body: { filesize: sif.length } });
    const body = { uploadID: json.data?.["uploadID"] };

    expect((await ask("PUT", `/v2/imagefile/${image}/_multipart_abort`, { body })).status).toBe(200);
    expect((await ask("PUT", `/v2/imagefile/${image}/_multipart_complete`, { body })).status).toBe(404);
    expect(await registry.registry.state.db.selectFrom("image_upload").selectAll().execute()).toEqual([]);
  });

  test("in the oldest form is one request", async () => {
    const sif = await makeSif(registry.folder, { content: "legacy" });
    const { image } = await announce("lab/tools/legacy", sif);

    expect((await registry.call("POST", `/v1/imagefile/${image}`, { token, body: sif })).status).toBe(200);
    const { json } = await ask("GET", `/v1/images/lab/tools/legacy:${hashOf(sif)}`);
    expect(json.data).toMatchObject({ uploaded: true });
  });

  test("of other bytes than announced, or of what is no SIF, is refused with a sentence", async () => {
    const sif = await makeSif(registry.folder, { content: "promised" });
    const { image } = await announce("lab/tools/bad", sif);
    const start = async (filesize: number): Promise<string> => {
      const { json } = await ask("POST", `/v2/imagefile/${image}`, { body: { filesize } });
      return String(json.data?.["uploadURL"]);
    };
    const changed = Buffer.from(sif).fill("y", sif.length - 3);

    expect((await registry.call("PUT", await start(sif.length), { body: changed })).status).toBe(400);
    expect((await registry.call("PUT", await start(sif.length), { body: sif.subarray(1) })).status).toBe(400);
    expect((await ask("PUT", `/v2/imagefile/${image}/_complete`, { body: {} })).status).toBe(400);
    expect((await registry.call("PUT", "/library/uploads/guess", { body: sif })).status).toBe(404);
    const text = Buffer.from("this is no image at all".repeat(20));
    const other = await announce("lab/tools/bad", text);
    const { json } = await ask("POST", `/v2/imagefile/${other.image}`, { body: { filesize: text.length } });
    const address = String(json.data?.["uploadURL"]);
    expect((await registry.call("PUT", address, { body: text })).status).toBe(200);
    expect((await registry.call("PUT", address, { body: text })).status).toBe(404);
    const refused = await ask("PUT", `/v2/imagefile/${other.image}/_complete`, { body: {} });
    expect([refused.status, refused.json.error?.message]).toEqual([422, "what was sent is no SIF"]);
  });
});

describe("tags", () => {
  test("are per architecture, and deleted so", async () => {
    const [amd64, arm64] = [
      await makeSif(registry.folder, { content: "a" }),
      await makeSif(registry.folder, { content: "a", architecture: "arm64" }),
    ];
    await send("lab/tools/arch", amd64, "v1", "amd64");
    await send("lab/tools/arch", arm64, "v1", "amd64"); // the client's word counts less than the header
    const hash = async (arch: string): Promise<unknown> =>
      (await ask("GET", `/v1/images/lab/tools/arch:v1?arch=${arch}`)).json.data?.["hash"];

    expect([await hash("amd64"), await hash("arm64"), await hash("riscv64")]).toEqual([
      hashOf(amd64),
      hashOf(arm64),
      undefined,
    ]);
    const id = Buffer.from("lab/tools/arch").toString("base64url");
    expect(Object.keys((await ask("GET", `/v2/tags/${id}`)).json.data ?? {})).toEqual(["amd64", "arm64"]);
    expect(Object.keys((await ask("GET", `/v1/tags/${id}`)).json.data ?? {})).toEqual(["v1"]);
    expect((await ask("DELETE", "/v1/images/lab/tools/arch:v1?arch=arm64")).status).toBe(200);
    expect([await hash("amd64"), await hash("arm64")]).toEqual([hashOf(amd64), undefined]);
    expect((await ask("DELETE", "/v1/images/lab/tools/arch:v1?arch=arm64")).status).toBe(404);
  });

  test("of an image of another repository are refused", async () => {
    const sif = await makeSif(registry.folder, { content: "elsewhere" });
    const { image } = await announce("lab/tools/here", sif);
    const other = Buffer.from("lab/tools/there").toString("base64url");

    const answer = await ask("POST", `/v2/tags/${other}`, { body: { Arch: "amd64", Tag: "v", ImageID: image } });
    expect(answer.status).toBe(400);
    for (const id of ["x", "!", "%00"]) expect((await ask("GET", `/v2/tags/${id}`)).status, id).toBe(400);
  });
});

test("what was pushed by the OCI door is pulled here, names in any case", async () => {
  const sif = await makeSif(registry.folder, { content: "oras" });
  await pushSif(registry, token, { name: "lab/oras", tag: "main" }, sif);

  const { json } = await ask("GET", "/v1/images/Lab/ORAS:main?arch=amd64", { who: "" });
  expect(json.data?.["hash"]).toBe(hashOf(sif));
});

test("search finds words of names, labels and packages, and shows what one may pull", async () => {
  const sif = await makeSif(registry.folder, { labels: { topic: "Oceanography" }, packages: ["xarray", "dask"] });
  await send("lab/sea/waves", sif, "v1");
  await send("lab/secret/waves", await makeSif(registry.folder, { content: "hidden", packages: ["dask"] }), "v1");
  await setCollection(registry.registry.state.db, "lab/secret", { isPrivate: true });
  const find = async (query: string, who = ""): Promise<string[]> => {
    const { json } = await ask("GET", `/v1/search?${query}`, { who });
    const images = json.data?.["image"] as { collectionName: string; containerName: string; tags: string[] }[];
    return images.map((one) => `${one.collectionName}/${one.containerName}:${one.tags.join()}`);
  };

  expect(await find("value=wav&arch=amd64")).toEqual(["sea/waves:v1"]);
  expect(await find("value=oceanogr")).toEqual(["sea/waves:v1"]);
  expect(await find("value=dask%20xarray")).toEqual(["sea/waves:v1"]);
  expect((await find("value=dask", token)).toSorted()).toEqual(["sea/waves:v1", "secret/waves:v1"]);
  expect(await find("value=dask", await registry.token("stranger"))).toEqual(["sea/waves:v1"]);
  expect(await find("value=dask&arch=arm64")).toEqual([]);
  expect(await find("value=dask&signed=true")).toEqual([]);
  expect(await find('value="; drop%20table')).toEqual([]);
});

test("discovery: where the services are, who one is, and whether the token is good", async () => {
  const config = await (await registry.call("GET", "/assets/config/config.prod.json")).json();
  expect(config).toEqual(
    Object.fromEntries(["libraryAPI", "keystoreAPI", "tokenAPI"].map((name) => [name, { uri: registry.url }])),
  );
  expect((await ask("GET", "/version")).json.data).toMatchObject({ apiVersion: "2.0.0-alpha.2" });
  expect((await ask("GET", "/v1/token-status")).status).toBe(200);
  expect((await ask("GET", "/v1/token-status", { who: "" })).status).toBe(404);
  expect((await ask("GET", "/v1/rbac/users/current")).json).toMatchObject({
    username: "lab",
    oidc_user_meta: { secret: token },
  });
  expect((await ask("GET", "/v1/rbac/users/current", { who: "" })).status).toBe(401);
  expect((await ask("GET", "/v1/oci-redirect?namespace=lab/x")).status).toBe(404);
});

test("the server's own host before a name is no part of it, as clients ask for names of two parts", async () => {
  const sif = await makeSif(registry.folder, { content: "two parts" });
  await pushSif(registry, token, { name: "lab/two", tag: "v1" }, sif);
  const { host } = new URL(registry.url);

  const asked = await ask("GET", `/v1/images/${host}/lab/two:v1?arch=amd64`);
  const file = await registry.call("GET", `/v1/imagefile/${host}/lab/two:v1?arch=amd64`);

  expect(asked.json.data).toMatchObject({ hash: hashOf(sif) });
  expect(Buffer.from(await file.arrayBuffer()).equals(sif)).toBe(true);
  expect((await ask("GET", "/v1/images/elsewhere.example:80/lab/two:v1?arch=amd64")).status).toBe(404);
});
