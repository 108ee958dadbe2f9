import { makePgpKey, armorPgpKey, publicPgpKey } from "@repo2singularity/image";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf, makeSif, openTestRegistry, pushSif, type TestRegistry } from "./registry.fixture.ts";

let registry: TestRegistry;
let token: string;
let sif: Buffer;
beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
  sif = await makeSif(registry.folder, { labels: { a: "b" } });
  await pushSif(registry, token, { name: "lab/tools/x", tag: "v1" }, sif);
});
afterAll(() => registry[Symbol.asyncDispose]());

describe("the files door", () => {
  test("serves an image with its digest, time and checksum, whole and in ranges", async () => {
    const file = await registry.call("GET", "/lab/tools/x/v1.sif");
    expect(Buffer.from(await file.arrayBuffer())).toEqual(sif);
    expect(file.headers.get("last-modified")).toBe("Thu, 01 Jan 2026 00:00:00 GMT");
    expect(file.headers.get("repr-digest")).toMatch(/^sha-256=:.{44}:$/);
    const part = await registry.call("GET", "/lab/tools/x/v1.sif", { headers: { range: "bytes=32-40" } });
    expect([part.status, await part.text()]).toEqual([206, "SIF_MAGIC"]);
    const head = await registry.call("HEAD", "/lab/tools/x/v1.sif");
    expect(head.headers.get("content-length")).toBe(String(sif.length));
    const sum = await registry.call("GET", "/lab/tools/x/v1.sif.sha256");
    expect(await sum.text()).toBe(`${digestOf(sif).slice(7)}  v1.sif\n`);
    expect((await registry.call("GET", "/lab/tools/x/v1.sif?arch=arm64")).status).toBe(404);
    for (const path of ["/", "/favicon.ico", "/lab/tools/x/none.sif", "/v1.sif"]) {
      expect((await registry.call("GET", path)).status, path).toBeGreaterThanOrEqual(400);
    }
  });
});

describe("the shub door", () => {
  test("points to the image, with its sha256 as commit", async () => {
    const answer = await registry.call("GET", "/api/container/lab/tools/x:v1");
    const { image, commit } = (await answer.json()) as { image: string; commit: string };
    expect(commit).toBe(digestOf(sif).slice(7));
    expect(Buffer.from(await (await registry.call("GET", image)).arrayBuffer())).toEqual(sif);
    expect((await registry.call("GET", "/api/container/lab/tools/x")).status).toBe(404);
    // as the client asks for names of three parts
    const asked = await registry.call("GET", "/lab/api/container/tools/x:v1");
    expect(await asked.json()).toMatchObject({ commit, name: "lab/tools/x", tag: "v1" });
  });
});

describe("the catalogue", () => {
  test("lists repositories in pages, with their images, and finds them by words", async () => {
    for (const name of ["lab/a", "lab/b"]) await pushSif(registry, token, { name, tag: "t" }, sif);
    const read = async (path: string): Promise<{ repositories: { name: string }[]; next?: string }> =>
      (await (await registry.call("GET", path)).json()) as { repositories: { name: string }[]; next?: string };
    const first = await read("/catalogue.json?n=2");
    const second = await read(first.next ?? "");

    expect([...first.repositories, ...second.repositories].map(({ name }) => name)).toEqual([
      "lab/a",
      "lab/b",
      "lab/tools/x",
    ]);
    expect(second.next).toBeUndefined();
    expect(first.repositories[0]).toMatchObject({
      images: [{ digest: digestOf(sif), architecture: "amd64", sizeBytes: sif.length, tags: ["t"] }],
    });
    expect((await read("/catalogue.json?q=tools")).repositories.map(({ name }) => name)).toEqual(["lab/tools/x"]);
    const one = await registry.call("GET", "/catalogue/lab/tools/x");
    expect(await one.json()).toMatchObject({ name: "lab/tools/x", readme: "" });
    expect((await registry.call("GET", "/catalogue.json?n=0")).status).toBe(400);
  });

  test("counts pulls of every door", async () => {
    await pushSif(registry, token, { name: "lab/counted", tag: "t" }, sif);
    await (await registry.call("GET", "/lab/counted/t.sif")).arrayBuffer();
    await (await registry.call("GET", "/v1/imagefile/lab/counted:t")).arrayBuffer();
    await (await registry.call("GET", "/v2/lab/counted/manifests/t")).arrayBuffer();

    const one = await registry.call("GET", "/catalogue/lab/counted");
    expect(await one.json()).toMatchObject({ pullCount: 3, images: [{ pullCount: 3 }] });
  });
});

describe("what is said of a repository", () => {
  const say = (name: string, texts: object): Promise<Response> =>
    registry.call("PATCH", `/catalogue/${name}`, { token, body: JSON.stringify(texts) });
  const find = async (word: string): Promise<unknown> => {
    const answer = await registry.call("GET", `/v1/search?value=${word}`);
    const { data } = (await answer.json()) as { data: { image: { containerName: string; description: string }[] } };
    return data.image.map(({ containerName, description }) => [containerName, description]);
  };

  test("stands in the catalogue, is searched, and stays where nothing is said", async () => {
    await pushSif(registry, token, { name: "lab/said", tag: "t" }, sif);

    expect((await say("lab/said", { description: " Two\n lines ", readme: "# Head\n\nAn **okapi**." })).status).toBe(
      204,
    );
    expect((await say("lab/said", { description: "For zebras" })).status).toBe(204);

    expect(await find("okapi")).toEqual([["said", "For zebras"]]);
    expect([await find("zebras"), await find("lines")]).toEqual([[["said", "For zebras"]], []]);
    const entry = await registry.call("GET", "/catalogue/lab/said");
    expect(await entry.json()).toMatchObject({ description: "For zebras", readme: "# Head\n\nAn **okapi**." });
  });

  test("is shown to browsers as a page, escaped and without scripts", async () => {
    await pushSif(registry, token, { name: "lab/said", tag: "t" }, sif);
    await say("lab/said", { description: "<i>x</i>", readme: "An **okapi** <script>alert(1)</script>" });
    const headers = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
    const one = await registry.call("GET", "/catalogue/lab/said", { headers });
    const list = await (await registry.call("GET", "/catalogue?q=okapi")).text();

    expect(one.headers.get("content-security-policy")).toContain("default-src 'none'");
    const page = await one.text();
    expect(page).toContain("<strong>okapi</strong>");
    expect(page).toContain("&lt;i&gt;x");
    expect(page).toContain(`curl -O ${registry.url}/lab/said/t.sif`);
    expect(page).not.toContain("<script");
    expect(list).toContain('href="catalogue/lab/said"');
  });

  test("is refused when it is too long, malformed, or of a repository that is not there", async () => {
    expect((await say("lab/none", { description: "x" })).status).toBe(404);
    expect((await say("lab/tools/x", { description: "x".repeat(501) })).status).toBe(400);
    expect((await say("lab/tools/x", { readme: "x".repeat(300_000) })).status).toBe(400);
    expect((await say("lab/tools/x", { name: "y" })).status).toBe(400);
  });
});

describe("the key server", () => {
  test("gives keys back by fingerprint, key id and name, and never a secret one", async () => {
    const key = await makePgpKey({ name: "Ada Lovelace", email: "ada@example.org" });
    const text = await armorPgpKey(key);
    const add = (who?: string): Promise<Response> =>
      registry.call("POST", "/pks/add", {
        ...(who !== undefined && { token: who }),
        body: new URLSearchParams({ keytext: text }).toString(),
      });
    expect((await add()).status).toBe(401);
    expect((await add(token)).status).toBe(200);

    const fingerprint = key.fingerprintHex.toUpperCase();
    const expected = await armorPgpKey(await publicPgpKey(key));
    for (const search of [`0x${fingerprint}`, `0x${fingerprint.slice(-16)}`, "ada@example"]) {
      const found = await registry.call("GET", `/pks/lookup?op=get&exact=on&search=${search}`, {
        headers: { authorization: "Bearer " },
      });
      expect(await found.text(), search).toBe(expected);
    }
    const index = await registry.call("GET", "/pks/lookup?op=index&options=mr&search=lovelace");
    expect((await index.text()).split("\n")).toEqual([
      "info:1:1",
      `pub:${fingerprint}:22::${key.createdSeconds}::`,
      `uid:${encodeURIComponent("Ada Lovelace <ada@example.org>")}:${key.createdSeconds}::`,
      "",
    ]);
    expect((await registry.call("GET", "/pks/lookup?op=get&search=0x1234567812345678")).status).toBe(404);
    expect((await registry.call("GET", "/pks/lookup?op=get&search=%25")).status).toBe(404);
    const nonsense = { token, body: "keytext=nonsense" };
    expect((await registry.call("POST", "/pks/add", nonsense)).status).toBe(400);
  });

  test("gives long lists in pages", async () => {
    for (const name of ["Zoe One", "Zoe Two", "Zoe Three"]) {
      const keytext = await armorPgpKey(await makePgpKey({ name }));
      await registry.call("POST", "/pks/add", { token, body: new URLSearchParams({ keytext }).toString() });
    }
    const page = (more: string): Promise<Response> =>
      registry.call("GET", `/pks/lookup?op=index&options=mr&search=zoe&x-pagesize=2${more}`);
    const first = await page("");
    const next = first.headers.get("x-hkp-next-page-token");

    expect(await first.text()).toMatch(/^info:1:2\n/);
    const second = await page(`&x-pagetoken=${next}`);
    expect(await second.text()).toMatch(/^info:1:1\n/);
    expect(second.headers.get("x-hkp-next-page-token")).toBeNull();
  });
});
