import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { seededBytes } from "@repo2singularity/testkit/objects";
import { hasSwift, startSwift, type SwiftStorage } from "@repo2singularity/testkit/swift";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCuttingProxy } from "./support/cutting-proxy.ts";
import {
  buildSmallSif,
  has,
  type Printed,
  type RegistryServer,
  startRegistryServer,
} from "./support/registry-server.ts";
import { scratchFolder } from "./support/run-folder.ts";

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");
/** Two parts of a pull, of 16 MiB each. */
const contentBytes = 32_000_000;

/** Images in a real object storage: behind a registry server, and by themselves. */
describe.runIf(hasSwift && has("apptainer"))("object storage", () => {
  let swift: SwiftStorage;
  let server: RegistryServer;
  let sif = "";
  let out = "";
  const r2s = (...words: readonly string[]): Printed => server.run("repo2singularity", words);
  const apptainer = (...words: readonly string[]): Printed => server.run("apptainer", words);
  const succeed = (printed: Printed): Printed => {
    expect(printed.status, printed.text).toBe(0);
    return printed;
  };
  const same = (printed: Printed): void => {
    succeed(printed);
    expect(sha256(out)).toBe(sha256(sif));
  };

  beforeAll(async () => {
    swift = await startSwift(path.join(scratchFolder("swift"), "storage"));
    await swift.makeBucket("lab");
    server = await startRegistryServer({ root: "s3://lab/registry", env: swift.env });
    out = path.join(server.folder, "out.sif");
    sif = await buildSmallSif(server, "one", seededBytes(contentBytes, "stored"));
    const tokenFile = path.join(server.state, "admin-token");
    succeed(r2s("login", "--token-file", tokenFile, `http://${server.host}`));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await swift[Symbol.asyncDispose]();
  });

  test("a registry stands on it: apptainer pushes and pulls by library and oras, and curl a range", async () => {
    succeed(apptainer("push", "-U", sif, "library://lab/tools/x:v1"));
    succeed(apptainer("push", sif, `oras://${server.host}/lab/oras:v1`));

    same(apptainer("pull", "--force", "--disable-cache", out, "library://lab/tools/x:v1"));
    same(apptainer("pull", "--force", "--disable-cache", out, `oras://${server.host}/lab/tools/x:v1`));
    const range = await fetch(`http://${server.host}/lab/oras/v1.sif`, {
      headers: { range: "bytes=20000000-20000099" },
    });
    const [bytes, whole] = [Buffer.from(await range.arrayBuffer()), readFileSync(sif)];

    expect([range.status, bytes.equals(whole.subarray(20_000_000, 20_000_100))]).toEqual([206, true]);
    expect(readdirSync(server.state).every((name) => /^(registry\.db|admin-token)/.test(name))).toBe(true);
    const place = ["--root", server.root, "--state", server.state];
    expect(succeed(r2s("registry", "gc", ...place, "--dry-run")).text).toContain("would remove 0 manifests, 0 blobs");
  });

  test("an image lies there with its digest, and an interrupted pull goes on by ranges", async () => {
    const place = "s3://lab/images/one.sif";
    expect(succeed(r2s("push", sif, place)).text).toContain(`sha256:${sha256(sif)}`);
    // the first part comes through, the second does not
    await using broken = await startCuttingProxy(swift.endpoint, /^range: bytes=16777216-/im);
    const pull = (url: string): Promise<Printed> =>
      server.runAside("repo2singularity", ["pull", "--force", "-o", out, "--endpoint-url", url, place]);

    const cut = await pull(broken.url);
    expect(cut.status, cut.text).toBe(1);
    const left = readdirSync(server.folder).filter((name) => name.endsWith(".partial"));
    await using counted = await startCuttingProxy(swift.endpoint);
    same(await pull(counted.url));

    expect(left).toHaveLength(1);
    expect(counted.passedBytes).toBeLessThan(statSync(sif).size - 10_000_000);
    expect(existsSync(path.join(server.folder, left[0] ?? ""))).toBe(false);
  });
});
