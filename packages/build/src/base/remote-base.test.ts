import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, processStreamer, sha256Hex } from "@repo2singularity/base";
import {
  makePgpKey,
  packSquashfs,
  type PgpKey,
  signSif,
  uuidFromContent,
  walkDirectory,
  writeSif,
} from "@repo2singularity/image";
import { openStore, type Store } from "@repo2singularity/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openHttpClient } from "../host/http-client.ts";
import { readHostSettings } from "../host/host-settings.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import { resolveBase } from "./resolve-base.ts";

let folder: string;
let sif: Buffer;
let signed: Buffer;
let ann: PgpKey;
let bob: PgpKey;
let server: Server;
let host: string;
let requests: string[];
let store: Store;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "remote-base-"));
  sif = await readFile(await makeSif());
  ann = await makePgpKey({ name: "Ann", email: "ann@example.org" });
  bob = await makePgpKey({ name: "Bob", email: "bob@example.org" });
  await copyFile(join(folder, "x.sif"), join(folder, "signed.sif"));
  await signSif(join(folder, "signed.sif"), { kind: "pgp", key: ann }, { timeSeconds: 1_700_000_000 });
  signed = await readFile(join(folder, "signed.sif"));
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const manifest = { image: `http://${host}/x.sif`, commit: sha256Hex(sif) };
    const answers: Readonly<Record<string, string | Buffer>> = {
      "/x.sif": sif,
      "/signed.sif": signed,
      "/page.sif": "<html>not here</html>",
      "/api/container/ann/tool:latest": JSON.stringify(manifest),
      "/v1/images/e/c/n:t?arch=amd64": JSON.stringify({ data: { hash: `sha256.${sha256Hex(sif)}` } }),
      "/v1/imagefile/e/c/n:t?arch=amd64": sif,
    };
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200).end(request.method === "HEAD" ? undefined : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has one
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  requests = [];
  store = await openStore({ directory: await mkdtemp(join(folder, "store-")) });
  return () => store[Symbol.asyncDispose]();
});

async function makeSif(): Promise<string> {
  const root = join(folder, "root");
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(join(root, "etc/os-release"), 'ID=debian\nVERSION_CODENAME=trixie\nVERSION_ID="13"\n');
  const squashfs = join(folder, "root.sqfs");
  await packSquashfs(walkDirectory(root, { ownership: "root", mtime: { fixedSeconds: 0 }, xattrs: "none" }), squashfs, {
    compression: "zstd",
  });
  const path = join(folder, "x.sif");
  const partition = { fileSystem: "squashfs", kind: "primary", architecture: "amd64" } as const;
  await writeSif(path, {
    objects: [{ kind: { type: "partition", partition }, content: { path: squashfs } }],
    uuid: uuidFromContent("0".repeat(32)),
    createdSeconds: 0,
  });
  return path;
}

async function dependencies(change: Partial<BaseDependencies> = {}): Promise<BaseDependencies> {
  const runner = (command: string): Promise<never> => Promise.reject(new AppError("E_PROCESS_NOT_FOUND", command));
  const settings = await readHostSettings({
    env: {},
    homeDir: "/home/ann",
    readFile: () => Promise.resolve(undefined),
    listFolder: () => Promise.resolve([]),
    runner,
  });
  return {
    store,
    client: openHttpClient({ caBundle: "", proxies: {} }), // opens no connection before it is asked
    settings,
    host: { runner, path: "", processor: "x64", uid: 0, tmpDir: tmpdir() },
    platform: "linux/amd64",
    format: { compression: "zstd", level: 1, blockSizeBytes: 131_072 },
    docker: { runner, streamer: processStreamer, env: {} },
    cwd: "/",
    now: Date.now,
    ...change,
  };
}

test.each(["library://HOST/e/c/n:t", "shub://HOST/ann/tool", "http://HOST/x.sif"])(
  "%s is the base that the same file is, and is not asked for again",
  async (text) => {
    const reference = text.replace("HOST", host);
    const deps = await dependencies();

    const base = await resolveBase(reference, deps);
    const asked = requests.length;
    const again = await resolveBase(reference, deps);
    const file = await resolveBase(join(folder, "x.sif"), deps);

    expect(base.reference).toBe(reference);
    expect([again.digest, file.digest]).toEqual([base.digest, base.digest]);
    expect(requests).toHaveLength(asked);
  },
);

test("an image that another door gave before is not fetched again", async () => {
  const deps = await dependencies();
  await resolveBase(`library://${host}/e/c/n:t`, deps);
  requests.length = 0;

  await resolveBase(`shub://${host}/ann/tool`, deps);

  expect(requests).not.toContain("GET /x.sif");
});

test("what is no SIF, and what is not there, have their codes", async () => {
  const deps = await dependencies();

  await expect(resolveBase(`http://${host}/page.sif`, deps)).rejects.toMatchObject({ code: "E_IMAGE_FORMAT" });
  await expect(resolveBase(`library://${host}/e/c/none:t`, deps)).rejects.toMatchObject({
    code: "E_REGISTRY_NOT_FOUND",
  });
});

describe("a base that somebody has to have signed", () => {
  const findPgpKey: BaseDependencies["findPgpKey"] = (fingerprint) =>
    Promise.resolve([ann, bob].find(({ fingerprintHex }) => fingerprintHex === fingerprint));
  const signedBy = (...keys: readonly PgpKey[]): Promise<BaseDependencies> =>
    dependencies({ findPgpKey, signers: keys.map(({ fingerprintHex }) => fingerprintHex) });

  test("is taken from a server once, and as a file, when all who are named signed it", async () => {
    const deps = await signedBy(ann);
    const reference = `http://${host}/signed.sif`;

    const base = await resolveBase(reference, deps);
    const asked = requests.length;
    const again = await resolveBase(reference, deps);
    const file = await resolveBase(join(folder, "signed.sif"), deps);

    expect(new Set([base.digest, again.digest, file.digest]).size).toBe(1);
    expect(requests).toHaveLength(asked);
  });

  test.each(["http://HOST/signed.sif", "FOLDER/signed.sif"])("%s is refused when one did not", async (text) => {
    const reference = text.replace("HOST", host).replace("FOLDER", folder);
    await resolveBase(reference, await dependencies()); // a layer that nobody asked about is there

    await expect(resolveBase(reference, await signedBy(ann, bob))).rejects.toMatchObject({
      code: "E_SIGNATURE_MISSING",
      message: `${reference}: is not signed by ${bob.fingerprintHex}, as Fingerprints: asks`,
    });
  });

  test.each(["http://HOST/x.sif", "FOLDER/root", "FOLDER/root.sqfs", "scratch"])(
    "%s has no signature",
    async (text) => {
      const reference = text.replace("HOST", host).replace("FOLDER", folder);

      await expect(resolveBase(reference, await signedBy(ann))).rejects.toMatchObject({
        code: "E_SIGNATURE_MISSING",
        message: expect.stringContaining(reference) as string,
      });
    },
  );

  test("is refused when nobody has the signer's key", async () => {
    const deps = { ...(await signedBy(ann)), findPgpKey: () => Promise.resolve(undefined) };

    await expect(resolveBase(join(folder, "signed.sif"), deps)).rejects.toMatchObject({ code: "E_SIGNATURE_KEY" });
  });
});
