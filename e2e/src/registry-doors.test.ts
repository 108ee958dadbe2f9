import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  buildSmallSif,
  has,
  type RegistryServer,
  startRegistryServer,
  startServing,
} from "./support/registry-server.ts";

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

describe.runIf(has("apptainer"))("a registry of ours, with the clients of others", () => {
  let server: RegistryServer;
  let sif = "";
  let out = "";
  const apptainer = (...args: string[]): { status: number | null; text: string } => server.run("apptainer", args);
  const same = (printed: { status: number | null; text: string }, expected = sif): void => {
    expect(printed.status, printed.text).toBe(0);
    expect(sha256(out)).toBe(sha256(expected));
  };

  beforeAll(async () => {
    server = await startRegistryServer();
    out = path.join(server.folder, "out.sif");
    sif = await buildSmallSif(server, "one", "one\n");
    const tokenFile = path.join(server.root, "admin-token");
    const login = server.run("repo2singularity", ["login", "--token-file", tokenFile, `http://${server.host}`]);
    expect(login.status, login.text).toBe(0);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("the first start says how to log in, and the stock client knows itself logged in then", () => {
    expect(server.greeting).toContain("repo2singularity login --token-file");
    expect(server.token.length).toBeGreaterThanOrEqual(200);
    const status = apptainer("remote", "status");
    expect(status.text).toContain("Logged in as: admin");
    expect(status.text).toContain("Valid authentication token");
    expect(status.text.match(/\bOK\b/g)).toHaveLength(3);
  });

  test("library: push, pull by tag and hash, again under another tag, search, delete", () => {
    const refused = apptainer("push", sif, "library://lab/tools/x:v1");
    expect([refused.status, refused.text]).toEqual([255, expect.stringContaining("signature")]);
    expect(apptainer("push", "-U", sif, "library://lab/tools/x:v1")).toMatchObject({ status: 0 });
    expect(apptainer("push", "-U", sif, "library://lab/tools/x:v2").text).not.toContain("Uploaded");
    same(apptainer("pull", "--force", out, "library://lab/tools/x:v2"));
    same(apptainer("pull", "--force", "--disable-cache", out, `library://lab/tools/x:sha256.${sha256(sif)}`));
    same(apptainer("pull", "--force", "--no-https", out, `library://${server.host}/lab/tools/x:v1`));
    const other = apptainer("pull", "--force", "--arch", "arm64", out, "library://lab/tools/x:v1");
    expect(other.text).toContain("image does not exist in the library");
    expect(apptainer("search", "tools").text).toContain("library://lab/tools/x:v1,v2");
    expect(apptainer("delete", "-F", "library://lab/tools/x:v2")).toMatchObject({ status: 0 });
    expect(apptainer("pull", "--force", "--disable-cache", out, "library://lab/tools/x:v2").text).toContain(
      "does not exist",
    );
  });

  test("library: an image of more than 64 MiB comes in parts", async () => {
    const content = Buffer.concat(Array.from({ length: 35 }, (_, seed) => noise(seed)));
    const big = await buildSmallSif(server, "large", content);
    expect(apptainer("push", "-U", big, "library://lab/tools/large:v1")).toMatchObject({ status: 0 });
    same(apptainer("pull", "--force", "--disable-cache", out, "library://lab/tools/large:v1"), big);
  });

  test.runIf(process.getuid?.() === 0)(
    "shub, which knows no ports: pull of names of two and three parts, with and without a tag",
    async () => {
      expect(apptainer("push", "-U", sif, "library://lab/tools/shub:latest")).toMatchObject({ status: 0 });
      // a second process serves the same registry
      const words = ["--root", server.root, "--host", "127.0.0.81", "--port", "80", "--log-level", "warn"];
      await using _second = await startServing(words);

      expect(apptainer("push", sif, `oras://${server.host}/lab/shub:v1`)).toMatchObject({ status: 0 });
      for (const name of ["lab/tools/shub", "lab/tools/shub:latest", "lab/shub:v1"]) {
        same(apptainer("pull", "--force", "--no-https", "--disable-cache", out, `shub://127.0.0.81/${name}`));
      }
      const missing = apptainer("pull", "--force", "--no-https", out, "shub://127.0.0.81/lab/none");
      expect([missing.status, missing.text]).toEqual([255, expect.stringContaining("manifest was not found")]);
    },
  );

  test("what is said of a repository is found by the stock client's search", () => {
    expect(apptainer("push", "-U", sif, "library://lab/tools/said:v1")).toMatchObject({ status: 0 });
    writeFileSync(path.join(server.folder, "README.md"), "# Said\n\nAll about okapis.\n");
    const words = ["registry", "repository", "lab/tools/said", "--root", server.root, "--readme", "README.md"];
    const said = server.run("repo2singularity", [...words, "--description", "For zebras"]);

    expect(said.status, said.text).toBe(0);
    expect(apptainer("search", "okapis").text).toContain("library://lab/tools/said:v1");
    expect(apptainer("search", "zebras").text).toContain("For zebras");
  });

  test("oras: push, pull by tag and digest; a second push sends nothing; what one door took, the others give", () => {
    expect(apptainer("push", sif, `oras://${server.host}/lab/oras:v1`)).toMatchObject({ status: 0 });
    expect(apptainer("push", sif, `oras://${server.host}/lab/oras:v1`)).toMatchObject({ status: 0 });
    same(apptainer("pull", "--force", "--disable-cache", out, `oras://${server.host}/lab/oras:v1`));
    same(apptainer("pull", "--force", "--disable-cache", out, "library://lab/oras:v1"));
    same(apptainer("pull", "--force", "--disable-cache", out, `oras://${server.host}/lab/tools/x:v1`));
    same(apptainer("pull", "--force", out, `http://${server.host}/lab/oras/v1.sif`));
    const ran = apptainer("exec", "--userns", "library://lab/oras:v1", "/bin/busybox", "cat", "/note");
    expect(ran.text).toContain("one\n");
    // of a name of two parts the client takes the host for a third
    const named = `library://${server.host}/lab/oras:v1`;
    const far = apptainer("exec", "--userns", "--no-https", named, "/bin/busybox", "cat", "/note");
    expect(far.text).toContain("one\n");
  });

  test("a private image: nobody, a wrong password, a reader, a reader's token in the address", async () => {
    expect(apptainer("push", "-U", sif, "library://secret/tools/x:v1")).toMatchObject({ status: 0 });
    const change = ["registry", "collection", "secret", "--root", server.root];
    expect(server.run("repo2singularity", [...change, "--private", "--member", "bob=reader"])).toMatchObject({
      status: 0,
    });
    const made = server.run("repo2singularity", [
      "registry",
      "token",
      "create",
      "--root",
      server.root,
      "--account",
      "bob",
    ]);
    const bob = made.text.split("\n").find((line) => line.startsWith("r2s_")) ?? "";
    const pull = (...words: string[]): { status: number | null; text: string } =>
      server.run("apptainer", ["pull", "--force", "--disable-cache", ...words], "nobody");

    expect(pull("--no-https", out, `library://${server.host}/secret/tools/x:v1`).text).toContain("log in with a token");
    expect(pull(out, `oras://${server.host}/secret/tools/x:v1`).status).toBe(255);
    expect((await fetch(`http://${server.host}/secret/tools/x/v1.sif`)).status).toBe(401);
    same(pull("--library", `http://_:${bob}@${server.host}`, out, "library://secret/tools/x:v1"));
    const login = (password: string): number | null =>
      server.run("apptainer", ["registry", "login", "-u", "bob", "-p", password, `oras://${server.host}`], "nobody")
        .status;
    expect(login("wrong")).toBe(255);
    expect(login(bob)).toBe(0);
    same(pull(out, `oras://${server.host}/secret/tools/x:v1`));
    const push = server.run("apptainer", ["push", sif, `oras://${server.host}/secret/tools/y:v1`], "nobody");
    expect([push.status, push.text]).toEqual([255, expect.stringContaining("may not push")]);
  });

  test("keys: push, search and pull; a signed image is verified with an empty keyring", async () => {
    const pair = ["key", "newpair", "--name", "Ada", "--email", "ada@example.org", "--password", "", "--push=false"];
    expect(apptainer(...pair)).toMatchObject({ status: 0 });
    const fingerprint = /Fingerprint:\s+(\w{40})/.exec(apptainer("key", "list").text)?.[1] ?? "";
    const signed = await buildSmallSif(server, "signed", "signed\n");
    expect(apptainer("sign", signed)).toMatchObject({ status: 0 });
    expect(apptainer("key", "push", fingerprint)).toMatchObject({ status: 0 });
    expect(apptainer("key", "search", "ada@example").text).toContain("Ada");
    expect(apptainer("push", signed, "library://lab/tools/signed:v1")).toMatchObject({ status: 0 });
    expect(apptainer("search", "--signed", "signed").text).toContain("lab/tools/signed:v1");
    expect(apptainer("key", "remove", fingerprint)).toMatchObject({ status: 0 });

    const pulled = apptainer("pull", "--force", "--disable-cache", out, "library://lab/tools/signed:v1");
    same(pulled, signed);
    expect(pulled.text).not.toContain("WARNING");
    expect(apptainer("key", "pull", fingerprint)).toMatchObject({ status: 0 });
  });

  test.runIf(has("skopeo"))("skopeo copies images there and lists their tags", () => {
    const layout = path.join(server.folder, "layout");
    const copy = ["copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false"];
    const creds = `admin:${server.token}`;
    const remote = `docker://${server.host}/lab/oras`;
    expect(server.run("skopeo", [...copy, `${remote}:v1`, `oci:${layout}:v1`])).toMatchObject({ status: 0 });
    const there = server.run("skopeo", [...copy, "--dest-creds", creds, `oci:${layout}:v1`, `${remote}:copy`]);
    expect(there.status, there.text).toBe(0);
    expect(server.run("skopeo", ["list-tags", "--tls-verify=false", remote]).text).toContain('"copy"');
    same(apptainer("pull", "--force", "--disable-cache", out, "library://lab/oras:copy"));
  });

  test.runIf(has("crane"))("crane reads, tags, copies and deletes", () => {
    const crane = (...args: string[]): { status: number | null; text: string } =>
      server.run("crane", ["--insecure", ...args]);
    const login = ["auth", "login", "-u", "admin", "-p", server.token, server.host];
    expect(server.run("crane", login)).toMatchObject({ status: 0 });
    const digest = crane("digest", `${server.host}/lab/oras:v1`).text.trim();
    expect(digest).toMatch(/^sha256:/);
    expect(crane("tag", `${server.host}/lab/oras:v1`, "crane")).toMatchObject({ status: 0 });
    expect(crane("copy", `${server.host}/lab/oras:v1`, `${server.host}/lab/crane:v1`)).toMatchObject({ status: 0 });
    expect(crane("ls", `${server.host}/lab/oras`).text.split("\n")).toContain("crane");
    expect(crane("catalog", server.host).text).toContain("lab/crane");
    same(apptainer("pull", "--force", "--disable-cache", out, "library://lab/crane:v1"));
    expect(crane("delete", `${server.host}/lab/crane@${digest}`)).toMatchObject({ status: 0 });
    expect(crane("digest", `${server.host}/lab/crane:v1`).status).not.toBe(0);
  });

  test.runIf(has("oras"))("oras pushes an artifact, attaches another, and finds and pulls them", () => {
    const oras = (...args: string[]): { status: number | null; text: string } => server.run("oras", args);
    writeFileSync(path.join(server.folder, "note.txt"), "hello\n");
    expect(oras("login", "--plain-http", "-u", "admin", "-p", server.token, server.host)).toMatchObject({ status: 0 });
    const reference = `${server.host}/lab/artifact:v1`;
    const pushed = oras("push", "--plain-http", reference, "note.txt:text/plain");
    expect(pushed.status, pushed.text).toBe(0);
    const attach = ["attach", "--plain-http", "--artifact-type", "example/sbom", reference, "note.txt:text/plain"];
    expect(oras(...attach)).toMatchObject({ status: 0 });
    expect(oras("discover", "--plain-http", reference).text).toContain("example/sbom");
    const place = path.join(server.folder, "pulled");
    expect(oras("pull", "--plain-http", "-o", place, reference)).toMatchObject({ status: 0 });
    expect(readFileSync(path.join(place, "note.txt"), "utf8")).toBe("hello\n");
  });
});

/** Two MiB that no compressor makes smaller, the same in every run. */
function noise(seed: number): Buffer {
  const blocks: Buffer[] = [];
  for (let index = 0; index < 32_768; index += 1) {
    blocks.push(createHash("sha512").update(`${seed} ${index}`).digest());
  }
  return Buffer.concat(blocks);
}
