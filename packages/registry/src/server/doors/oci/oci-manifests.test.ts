import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  digestOf,
  makeSif,
  openTestRegistry,
  pushBlob,
  pushManifest,
  pushSif,
  type TestRegistry,
} from "../registry.fixture.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";

let registry: TestRegistry;
let token: string;
beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
});
afterAll(() => registry[Symbol.asyncDispose]());

const errorCode = async (answer: Response): Promise<string | undefined> =>
  ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code;
const image = async (name: string, more: object = {}): Promise<object> => {
  const config = Buffer.from("{}");
  return {
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: await pushBlob(registry, token, name, config),
      size: 2,
    },
    layers: [],
    ...more,
  };
};

describe("manifests", () => {
  test("come back byte for byte, by tag and by digest", async () => {
    const document = await image("lab/a", { annotations: { ü: "ß" } });
    const digest = await pushManifest(registry, token, "/v2/lab/a/manifests/v1", document);

    for (const reference of ["v1", digest]) {
      const read = await registry.call("GET", `/v2/lab/a/manifests/${reference}`);
      expect(await read.text()).toBe(JSON.stringify(document));
      expect(read.headers.get("content-type")).toBe(manifestType);
      expect(read.headers.get("docker-content-digest")).toBe(digest);
      const head = await registry.call("HEAD", `/v2/lab/a/manifests/${reference}`);
      expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(JSON.stringify(document))));
    }
  });

  test("are refused when blobs are missing, the digest is another, or they are none", async () => {
    const document = await image("lab/b");
    const missing = { mediaType: "x", digest: digestOf("nobody has this"), size: 3 };
    const put = (body: string, reference = "t", type = manifestType): Promise<Response> =>
      registry.call("PUT", `/v2/lab/b/manifests/${reference}`, { token, body, headers: { "content-type": type } });

    const sparse = await put(JSON.stringify({ ...document, layers: [missing] }));
    expect([sparse.status, await errorCode(sparse)]).toEqual([404, "MANIFEST_BLOB_UNKNOWN"]);
    expect(await errorCode(await put(JSON.stringify(document), digestOf("other")))).toBe("DIGEST_INVALID");
    for (const body of ["", "{}", "[]", '{"schemaVersion":1}', JSON.stringify({ ...document, config: undefined })]) {
      expect(await errorCode(await put(body)), body).toBe("MANIFEST_INVALID");
    }
    expect(await errorCode(await put(JSON.stringify(document), "t", indexType))).toBe("MANIFEST_INVALID");
    expect(await errorCode(await put(JSON.stringify(document), "bad%20tag"))).toBe("MANIFEST_INVALID");
    expect((await registry.call("GET", "/v2/lab/b/manifests/t")).status).toBe(404);
    const large = JSON.stringify({ ...document, annotations: { a: "x".repeat(5_000_000) } });
    expect((await put(large)).status).toBeGreaterThanOrEqual(400);
  });

  test("may lack layers in a registry that allows it, but never the SIF", async () => {
    await using lenient = await openTestRegistry({ allowsSparse: true });
    const mine = await lenient.token("lab");
    const config = { mediaType: "c", digest: await pushBlob(lenient, mine, "lab/s", Buffer.from("{}")), size: 2 };
    const layer = { mediaType: "l", digest: digestOf("absent"), size: 6 };
    const document = { schemaVersion: 2, mediaType: manifestType, config, layers: [layer] };

    await pushManifest(lenient, mine, "/v2/lab/s/manifests/t", document);
    const sif = { ...layer, mediaType: "application/vnd.sylabs.sif.layer.v1.sif" };
    await expect(pushManifest(lenient, mine, "/v2/lab/s/manifests/t", { ...document, layers: [sif] })).rejects.toThrow(
      "MANIFEST_BLOB_UNKNOWN",
    );
  });

  test("are tagged by parameters when they are pushed by digest", async () => {
    const document = await image("lab/c");
    const body = JSON.stringify(document);
    const digest = digestOf(body, "sha512");
    const answer = await registry.call("PUT", `/v2/lab/c/manifests/${digest}?tag=one&tag=two`, {
      token,
      body,
      headers: { "content-type": manifestType },
    });

    expect([answer.status, answer.headers.get("oci-tag")]).toEqual([201, "one, two"]);
    const read = await registry.call("HEAD", "/v2/lab/c/manifests/two");
    expect(read.headers.get("docker-content-digest")).toBe(digest);
  });

  test("go with their tags, and tags alone", async () => {
    const document = await image("lab/d");
    const digest = await pushManifest(registry, token, "/v2/lab/d/manifests/one", document);
    await pushManifest(registry, token, "/v2/lab/d/manifests/two", document);
    const remove = async (reference: string): Promise<number> =>
      (await registry.call("DELETE", `/v2/lab/d/manifests/${reference}`, { token })).status;
    const status = async (reference: string): Promise<number> =>
      (await registry.call("HEAD", `/v2/lab/d/manifests/${reference}`)).status;

    expect(await remove("one")).toBe(202);
    expect([await status("one"), await status("two"), await status(digest)]).toEqual([404, 200, 200]);
    expect(await remove(digest)).toBe(202);
    expect([await status("two"), await status(digest)]).toEqual([404, 404]);
    expect([await remove("one"), await remove(digest)]).toEqual([404, 404]);
  });
});

describe("lists", () => {
  test("of tags come in pages in order", async () => {
    const document = await image("lab/tags");
    for (const tag of ["b", "a", "c", "B"]) {
      await pushManifest(registry, token, `/v2/lab/tags/manifests/${tag}`, document);
    }
    const seen: string[][] = [];
    let next: string | undefined = "/v2/lab/tags/tags/list?n=3";
    while (next !== undefined) {
      const answer: Response = await registry.call("GET", next);
      seen.push(((await answer.json()) as { tags: string[] }).tags);
      next = /<(.*)>/.exec(answer.headers.get("link") ?? "")?.[1];
    }

    expect(seen).toEqual([["B", "a", "b"], ["c"]]);
    expect(await (await registry.call("GET", "/v2/lab/tags/tags/list?n=0")).json()).toMatchObject({ tags: [] });
    expect((await registry.call("GET", "/v2/lab/none/tags/list")).status).toBe(404);
    expect((await registry.call("GET", "/v2/lab/tags/tags/list?n=x")).status).toBe(400);
  });

  test("of repositories show what one may pull", async () => {
    await pushManifest(registry, token, "/v2/lab/hidden/manifests/t", await image("lab/hidden"));
    await registry.registry.state.db
      .insertInto("collection")
      .values({ path: "lab/hidden", is_private: 1, description: "", readme: "", quota_bytes: null, retention: null })
      .execute();
    const names = async (who?: string): Promise<string[]> => {
      const answer = await registry.call("GET", "/v2/_catalog", who === undefined ? {} : { token: who });
      return ((await answer.json()) as { repositories: string[] }).repositories;
    };

    expect(await names()).not.toContain("lab/hidden");
    expect(await names(await registry.token("stranger"))).not.toContain("lab/hidden");
    expect(await names(token)).toContain("lab/hidden");
    expect((await names(token)).toSorted()).toEqual(await names(token));
  });

  test("of referrers are filtered by type, and empty where nothing is", async () => {
    const subject = await pushManifest(registry, token, "/v2/lab/ref/manifests/t", await image("lab/ref"));
    const about = { mediaType: manifestType, digest: subject, size: 1 };
    const first = await image("lab/ref", { subject: about, artifactType: "a/sbom", annotations: { k: "v" } });
    const second = await image("lab/ref", { subject: about });
    const body = JSON.stringify(first);
    const pushed = await registry.call("PUT", `/v2/lab/ref/manifests/${digestOf(body)}`, {
      token,
      body,
      headers: { "content-type": manifestType },
    });
    expect(pushed.headers.get("oci-subject")).toBe(subject);
    await pushManifest(registry, token, `/v2/lab/ref/manifests/${digestOf(JSON.stringify(second))}`, second);
    const list = async (query = "", digest = subject): Promise<Response> =>
      registry.call("GET", `/v2/lab/ref/referrers/${digest}${query}`);
    const manifests = async (answer: Response): Promise<{ artifactType: string }[]> =>
      ((await answer.json()) as { manifests: { artifactType: string }[] }).manifests;

    const all = await list();
    expect(all.headers.get("content-type")).toBe(indexType);
    expect((await manifests(all)).map((one) => one.artifactType)).toEqual([
      "a/sbom",
      "application/vnd.oci.image.config.v1+json",
    ]);
    const some = await list("?artifactType=a/sbom");
    expect(some.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(await manifests(some)).toMatchObject([{ artifactType: "a/sbom", annotations: { k: "v" } }]);
    expect(await manifests(await list("", digestOf("nothing")))).toEqual([]);
    expect(await manifests(await registry.call("GET", `/v2/lab/never/referrers/${subject}`))).toEqual([]);
    expect((await list("", "sha256:x")).status).toBe(400);
  });
});

describe("a tag of several architectures", () => {
  test("is an index of them, and one alone its manifest", async () => {
    const amd64 = await pushSif(registry, token, { name: "lab/arch", tag: "v1" }, await makeSif(registry.folder));
    const read = async (reference = "v1"): Promise<Response> =>
      registry.call("GET", `/v2/lab/arch/manifests/${reference}`);
    expect((await read()).headers.get("docker-content-digest")).toBe(amd64.manifest);

    const other = await makeSif(registry.folder, { architecture: "arm64" });
    const arm64 = await pushSif(registry, token, { name: "lab/arch", tag: "v1" }, other);

    const answer = await read();
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toBe(indexType);
    expect(answer.headers.get("docker-content-digest")).toBe(digestOf(text));
    expect(JSON.parse(text)).toMatchObject({
      manifests: [
        { digest: amd64.manifest, platform: { architecture: "amd64", os: "linux" } },
        { digest: arm64.manifest, platform: { architecture: "arm64", os: "linux" } },
      ],
    });
    expect((await read(digestOf(text))).status).toBe(200);
    expect((await read("v1-arm64")).headers.get("docker-content-digest")).toBe(arm64.manifest);

    await registry.call("DELETE", `/v2/lab/arch/manifests/${amd64.manifest}`, { token });
    expect((await read()).headers.get("docker-content-digest")).toBe(arm64.manifest);
    expect((await read(digestOf(text))).status).toBe(404);
  });

  test("can be an index that somebody pushed, whose bytes stay theirs", async () => {
    const sif = await pushSif(registry, token, { name: "lab/own", tag: "x" }, await makeSif(registry.folder));
    const platform = { architecture: "amd64", os: "linux" };
    const index = {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: [{ mediaType: manifestType, digest: sif.manifest, size: 0, platform }],
    };

    const digest = await pushManifest(registry, token, "/v2/lab/own/manifests/v1", index);

    expect(await (await registry.call("GET", "/v2/lab/own/manifests/v1")).text()).toBe(JSON.stringify(index));
    const rows = await registry.registry.state.db
      .selectFrom("tag")
      .select(["architecture", "digest"])
      .where("name", "=", "v1")
      .where("digest", "in", [digest, sif.manifest])
      .orderBy("architecture")
      .execute();
    expect(rows).toEqual([
      { architecture: "", digest },
      { architecture: "amd64", digest: sif.manifest },
    ]);
  });
});
