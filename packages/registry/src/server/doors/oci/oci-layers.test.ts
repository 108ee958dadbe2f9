import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "@repo2singularity/base";
import { openStore } from "@repo2singularity/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { anonymous } from "../../../auth/credentials.ts";
import { createRegistryClient, type RegistryClient } from "../../../client/registry-client.ts";
import { openRegistryTransport } from "../../../http/errors.ts";
import { type LayeredSif, makeLayeredSif } from "../../../layered/layered-sif.fixture.ts";
import { type LayersArtifact, layersManifest, parseLayersManifest } from "../../../layered/layers-artifact.ts";
import { missingBytes, pullByLayers } from "../../../layered/pull-layers.ts";
import { digestOf, openTestRegistry, pushBlob, pushManifest, type TestRegistry } from "../registry.fixture.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const folder = mkdtempSync(join(tmpdir(), "oci-layers-"));
const name = "lab/layered";
let registry: TestRegistry;
let token: string;
let first: LayeredSif;
let second: LayeredSif;

beforeAll(async () => {
  registry = await openTestRegistry();
  token = await registry.token("lab");
  first = await makeLayeredSif(folder, "first");
  second = await makeLayeredSif(folder, "second");
});
afterAll(async () => {
  for (const one of [registry, first, second]) await one[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function pushed(content: Uint8Array): Promise<{ readonly digest: Digest; readonly sizeBytes: number }> {
  const digest = (await pushBlob(registry, token, name, content)) as Digest; // of sha256
  return { digest, sizeBytes: content.length };
}

/** Pushes layers, extents and both manifests of an image, and nothing of the image itself. */
async function pushLayered(sif: LayeredSif, tag: string): Promise<{ artifact: LayersArtifact; manifest: string }> {
  const bytes = readFileSync(sif.path);
  const image = { digest: digestOf(bytes) as Digest, sizeBytes: bytes.length }; // of sha256
  const layers = [];
  for (const layer of sif.layers) layers.push(await pushed(readFileSync(layer)));
  const artifact = { image, extents: await pushed(sif.extents), layers };
  const config = await pushed(Buffer.from("{}"));
  const document = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: "application/vnd.sylabs.sif.config.v1+json", digest: config.digest, size: config.sizeBytes },
    layers: [{ mediaType: "application/vnd.sylabs.sif.layer.v1.sif", digest: image.digest, size: image.sizeBytes }],
  };
  const text = JSON.stringify(document);
  const subject = { digest: digestOf(text) as Digest, sizeBytes: text.length, mediaType: manifestType }; // of sha256
  const referrer = layersManifest(artifact, subject);
  await pushManifest(registry, token, `/v2/${name}/manifests/${digestOf(JSON.stringify(referrer))}`, referrer);
  return { artifact, manifest: await pushManifest(registry, token, `/v2/${name}/manifests/${tag}`, document) };
}

async function client(): Promise<RegistryClient & AsyncDisposable> {
  const transport = await openRegistryTransport({});
  const options = { transport, host: "127.0.0.1", baseUrl: registry.url, repository: name, credentials: anonymous };
  return { ...createRegistryClient(options), [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() };
}

test("an image whose layers are there is there, whole and in ranges, and is not stored", async () => {
  const { artifact } = await pushLayered(first, "first");
  const file = readFileSync(first.path);
  const blob = `/v2/${name}/blobs/${artifact.image.digest}`;

  const whole = await registry.call("GET", blob);
  const part = await registry.call("GET", blob, { headers: { range: "bytes=4000-50000" } });
  const head = await registry.call("HEAD", blob);

  expect(Buffer.from(await whole.arrayBuffer()).equals(file)).toBe(true);
  expect(part.status).toBe(206);
  expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(4000, 50_001))).toBe(true);
  expect(head.headers.get("content-length")).toBe(String(file.length));
  const stored = readdirSync(join(registry.folder, "objects"), { recursive: true }).map(String);
  expect(stored.some((one) => one.endsWith(artifact.image.digest.slice(7)))).toBe(false);
});

test("layers that give another image than they promise are refused", async () => {
  const { artifact, manifest } = await pushLayered(first, "honest");
  const promised = { ...artifact, image: { ...artifact.image, digest: digestOf("another") as Digest } }; // of sha256
  const subject = { digest: manifest as Digest, sizeBytes: 1, mediaType: manifestType };
  const body = JSON.stringify(layersManifest(promised, subject));

  const answer = await registry.call("PUT", `/v2/${name}/manifests/${digestOf(body)}`, {
    token,
    body,
    headers: { "content-type": manifestType },
  });

  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("the layers give");
});

test("nobody gets an image of others by naming it in an artifact", async () => {
  const secret = Buffer.from("an image in a private collection");
  await pushBlob(registry, token, "lab/private", secret);
  const stranger = await registry.token("stranger");
  const parts = await Promise.all(
    [second.extents, readFileSync(second.layers[0] ?? "")].map(async (bytes) => ({
      digest: (await pushBlob(registry, stranger, "stranger/x", bytes)) as Digest, // of sha256
      sizeBytes: bytes.length,
    })),
  );
  const [extents, layer] = parts;
  if (extents === undefined || layer === undefined) throw new Error("two were pushed");
  const image = { digest: digestOf(secret) as Digest, sizeBytes: secret.length }; // of sha256
  const subject = { digest: image.digest, sizeBytes: 1, mediaType: manifestType };
  const body = JSON.stringify(layersManifest({ image, extents, layers: [layer, layer] }, subject));
  const answer = await registry.call("PUT", `/v2/stranger/x/manifests/${digestOf(body)}`, {
    token: stranger,
    body,
    headers: { "content-type": manifestType },
  });
  const read = await registry.call("GET", `/v2/stranger/x/blobs/${image.digest}`, { token: stranger });

  expect(answer.status).toBe(422);
  expect(read.status).toBe(404);
});

test("a client fetches only the layers that it lacks, and makes the same file", async () => {
  await pushLayered(first, "first");
  const { artifact, manifest } = await pushLayered(second, "second");
  await using store = await openStore({ directory: join(folder, "store") });
  await using from = await client();
  const out = join(folder, "out.sif");
  const referrers = await registry.call("GET", `/v2/${name}/referrers/${manifest}`);
  const [listed] = ((await referrers.json()) as { manifests: { digest: string }[] }).manifests;
  const found = parseLayersManifest((await from.manifest(listed?.digest ?? "")).bytes, "here");

  expect(found).toEqual(artifact);
  await store.put(readFileSync(first.layers[0] ?? ""));
  const missing = await missingBytes(found, store);
  const pulled = await pullByLayers(found, out, { store, blobs: from });

  expect(readFileSync(out).equals(readFileSync(second.path))).toBe(true);
  expect(pulled).toEqual({ fetchedBytes: missing, fetchedLayers: 1 });
  expect(missing).toBe((artifact.layers[1]?.sizeBytes ?? 0) + artifact.extents.sizeBytes);
});

test("an artifact that lies leaves no file", async () => {
  const { artifact } = await pushLayered(first, "first");
  await using store = await openStore({ directory: join(folder, "other-store") });
  await using from = await client();
  const out = join(folder, "lie.sif");
  const lie = { ...artifact, image: { ...artifact.image, digest: digestOf("x") as Digest } }; // of sha256

  await expect(pullByLayers(lie, out, { store, blobs: from })).rejects.toMatchObject({
    code: "E_OCI_DIGEST_MISMATCH",
  });
  expect(readdirSync(folder).filter((one) => one.startsWith("lie"))).toEqual([]);
});
