import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { uuidFromContent, writeSif } from "@repo2singularity/image";
import { openDiskObjectStore } from "@repo2singularity/store/objects";
import { everything, type Scope } from "../policy/scope.ts";
import { createToken, ensureAccount } from "../policy/tokens.ts";
import type { RegistryContext } from "../service/context.ts";
import { createRegistry, type RegistryOptions } from "../service/open-registry.ts";
import { openState } from "../state/open-state.ts";
import { createRegistryServer, type RegistryServerOptions } from "./registry-server.ts";

/** A whole registry on a port of its own, with a disk below it. */
export interface TestRegistry extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly registry: RegistryContext;
  /** The time that the registry believes it is, to be moved by tests. */
  readonly clock: { nowMs: number };
  /** A token of an account, which is made if absent. */
  token(account: string, more?: { readonly isAdmin?: boolean; readonly scopes?: readonly Scope[] }): Promise<string>;
  /** One request; a body without a type, as some clients send it. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | ReadableStream;
}

export async function openTestRegistry(
  options: Partial<Pick<RegistryOptions, "allowsSparse" | "builder" | "buildGraceMs">> &
    Partial<Omit<RegistryServerOptions, "registry" | "log">> = {},
): Promise<TestRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), "r2s-registry-"));
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  const state = await openState(path.join(folder, "registry.db"));
  const objects = openDiskObjectStore(path.join(folder, "objects"));
  const registry = createRegistry({ state, objects, now: () => clock.nowMs, ...options });
  const app = await createRegistryServer({ registry, ...options });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    url,
    folder,
    registry,
    clock,
    async token(account, { isAdmin = false, scopes = [everything] } = {}) {
      await ensureAccount(state.db, account, clock.nowMs, isAdmin);
      const { text } = await createToken(state.db, { account, kind: "personal", label: "test", scopes }, clock.nowMs);
      return text.reveal();
    },
    call: (method, where, { token, headers = {}, body } = {}) =>
      fetch(new URL(where, url), {
        method,
        redirect: "manual",
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body, duplex: "half" as const }),
      }),
    async [Symbol.asyncDispose]() {
      await app.close();
      await state[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** `sha256:` and the digits of some bytes. */
export function digestOf(content: Uint8Array | string, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}

/** A small SIF: not one that runs, but with the header and objects that the registry reads. */
export async function makeSif(
  folder: string,
  about: {
    readonly architecture?: "amd64" | "arm64";
    readonly labels?: Readonly<Record<string, string>>;
    readonly packages?: readonly string[];
    readonly content?: string;
  } = {},
): Promise<Buffer> {
  const { architecture = "amd64", labels = {}, packages = [], content = "x" } = about;
  const file = path.join(folder, `${createHash("sha256").update(JSON.stringify(about)).digest("hex")}.sif`);
  const spdx = { packages: packages.map((name) => ({ name, versionInfo: "1.0" })) };
  await writeSif(file, {
    uuid: uuidFromContent("0".repeat(64)),
    createdSeconds: 0,
    architecture,
    objects: [
      { kind: { type: "definition" }, content: "bootstrap: scratch" },
      {
        kind: { type: "json" },
        name: "inspect-metadata.json",
        content: JSON.stringify({ data: { attributes: { labels } } }),
      },
      { kind: { type: "sbom", sbomFormat: "spdx-json" }, content: JSON.stringify(spdx) },
      { kind: { type: "partition", partition: { kind: "data", fileSystem: "raw", architecture } }, content },
    ],
  });
  return readFile(file);
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Sends a blob in one piece. @returns its digest */
export async function pushBlob(test: TestRegistry, token: string, name: string, content: Uint8Array): Promise<string> {
  const digest = digestOf(content);
  const answer = await test.call("POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { token, body: content });
  if (answer.status !== 201) throw new Error(`pushing a blob: ${answer.status} ${await answer.text()}`);
  return digest;
}

/** Sends a manifest under a tag or digest. */
export async function pushManifest(
  test: TestRegistry,
  token: string,
  address: string,
  document: object,
): Promise<string> {
  const body = JSON.stringify(document);
  const type = (document as { readonly mediaType?: string }).mediaType ?? manifestType;
  const answer = await test.call("PUT", address, { token, body, headers: { "content-type": type } });
  if (answer.status !== 201) throw new Error(`pushing a manifest: ${answer.status} ${await answer.text()}`);
  return digestOf(body);
}

/** Sends a SIF as `apptainer push oras://` does. @returns digests of manifest and SIF */
export async function pushSif(
  test: TestRegistry,
  token: string,
  where: { readonly name: string; readonly tag: string },
  sif: Uint8Array,
): Promise<{ manifest: string; sif: string }> {
  const config = Buffer.from("{}");
  const sifDigest = await pushBlob(test, token, where.name, sif);
  const manifest = await pushManifest(test, token, `/v2/${where.name}/manifests/${where.tag}`, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: "application/vnd.sylabs.sif.config.v1+json",
      digest: await pushBlob(test, token, where.name, config),
      size: config.length,
    },
    layers: [{ mediaType: "application/vnd.sylabs.sif.layer.v1.sif", digest: sifDigest, size: sif.length }],
  });
  return { manifest, sif: sifDigest };
}
