import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBusyboxTree } from "@repo2singularity/testkit";
import { giveTo } from "./support/clones.ts";
import { startRegistry, type Registry } from "./support/docker-registry.ts";
import { startOwnRegistry, type OwnRegistry } from "./support/own-registry.ts";
import { repo2singularity, runAs, type Ended } from "./support/program.ts";
import { allUsers, ordinaryUser, type User } from "./support/users.ts";

const user: User = ordinaryUser() ?? allUsers()[0]!;
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

const r2s = (...args: readonly string[]): Promise<Ended> => repo2singularity(user, args);
const apptainer = (...args: readonly string[]): Promise<Ended> => runAs(user, "apptainer", args);

let folder = "";
let image = "";
const file = (name: string): string => path.join(folder, name);
const isSame = (name: string): boolean => readFileSync(file(name)).equals(readFileSync(image));

beforeAll(async () => {
  folder = mkdtempSync(path.join(user.home, "clients-"));
  image = file("demo.sif");
  await makeBusyboxTree(file("tree"));
  giveTo(user, folder);
  await succeed(r2s("image", "pack", file("tree"), file("demo.sqfs")));
  await succeed(r2s("image", "compose", image, file("demo.sqfs")));
});

async function succeed(work: Promise<Ended>): Promise<Ended> {
  const ended = await work;
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended;
}

describe.runIf(has("docker-registry") && has("skopeo") && has("apptainer"))("a plain OCI registry", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry(file("plain"));
  });
  afterAll(() => registry.stop());

  test("what we push, apptainer pulls; what is there is not sent again", async () => {
    const reference = `oras://127.0.0.1:${registry.port}/demo/tools:1.0`;

    const first = await succeed(r2s("push", image, reference));
    const second = await succeed(r2s("push", image, reference));
    await succeed(apptainer("pull", file("theirs.sif"), reference));

    expect(first.stdout).not.toContain("nothing had to be sent");
    expect(second.stdout).toContain("nothing had to be sent");
    expect(isSame("theirs.sif")).toBe(true);
  });

  test("what apptainer pushes, we pull, and our push of the same file makes the same manifest", async () => {
    const host = `127.0.0.1:${registry.port}`;

    await succeed(apptainer("push", image, `oras://${host}/theirs/demo:1`));
    await succeed(r2s("pull", `oras://${host}/theirs/demo:1`, "--output", file("ours.sif")));
    const again = await succeed(r2s("push", image, `oras://${host}/theirs/demo:1`));

    expect(isSame("ours.sif")).toBe(true);
    expect(again.stdout).toContain("nothing had to be sent");
  });

  test("an index keeps architectures apart, and skopeo reads it", async () => {
    const reference = `127.0.0.1:${registry.port}/demo/many:1`;

    await succeed(r2s("push", image, `oras://${reference}`));
    await succeed(r2s("push", image, `oras://${reference}`, "--arch", "arm64"));
    const raw = execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${reference}`], {
      encoding: "utf8",
    });
    const missing = await r2s("pull", `oras://${reference}`, "--arch", "s390x", "--output", file("none.sif"));

    const index = JSON.parse(raw) as { manifests: { platform: { architecture: string } }[] }; // as we pushed it
    expect(index.manifests.map(({ platform }) => platform.architecture)).toContain("arm64");
    expect(index.manifests).toHaveLength(process.arch === "arm64" ? 1 : 2);
    expect(missing).toMatchObject({ status: 1 });
    expect(missing.stderr).toContain("has no image for linux/s390x");
    const deleted = await r2s("delete", "--force", `oras://${reference}`);
    expect(deleted.stderr).toMatch(/the registry deletes no tags\nhint: name the manifest by its digest/);
  });
});

describe.runIf(has("apptainer"))("a registry of ours", () => {
  let registry: OwnRegistry;
  let library = "";
  beforeAll(async () => {
    registry = await startOwnRegistry(user, file("registry"));
    library = `library://${registry.host}/admin/demo/tools`;
  });
  afterAll(() => registry.stop());

  test("one login serves us and apptainer", async () => {
    const refused = await r2s("push", image, `${library}:refused`);
    await succeed(r2s("login", registry.host, "--token-file", registry.tokenFile));
    await succeed(r2s("push", image, "library://admin/demo/tools:1.0"));
    const status = await succeed(apptainer("remote", "status"));
    await succeed(apptainer("pull", file("by-login.sif"), "library://admin/demo/tools:1.0"));

    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("(E_REGISTRY_AUTH)");
    expect(status.stdout).toContain("admin");
    expect(isSame("by-login.sif")).toBe(true);
  });

  test("what apptainer pushes, we pull by every door", async () => {
    await succeed(apptainer("push", "--allow-unsigned", image, "library://admin/demo/tools:stock"));

    const { host } = registry;
    const doors = [
      `library://${host}/admin/demo/tools:stock`,
      "library://admin/demo/tools:stock",
      `oras://${host}/admin/demo/tools:stock`,
    ];
    for (const [index, reference] of doors.entries()) {
      await succeed(r2s("pull", reference, "--output", file(`door-${index}.sif`)));
      expect(isSame(`door-${index}.sif`)).toBe(true);
    }
  });

  test("keys go to the key server and come back, and verify asks it", async () => {
    const made = await succeed(r2s("key", "newpair", "--name", "Ada", "--email", "ada@example.org", "--no-passphrase"));
    const fingerprint = made.stdout.slice(0, 40);
    await succeed(r2s("sign", image, "--pgp", fingerprint));

    await succeed(r2s("key", "push", fingerprint));
    const found = await succeed(r2s("key", "search", "ada@example.org"));
    const elsewhere = { env: { APPTAINER_KEYSDIR: file("empty-keys") } };
    const alone = await repo2singularity(user, ["verify", "--local", image], elsewhere);
    const asked = await repo2singularity(user, ["verify", image], elsewhere);

    expect(found.stdout).toContain(fingerprint);
    expect(alone.stderr).toContain("(E_SIGNATURE_KEY)");
    expect(asked).toMatchObject({ status: 0 });
    expect(asked.stdout).toContain(`pgp signature of Ada <ada@example.org> (${fingerprint})`);
  });

  test("a definition file starts from an image of the library", async () => {
    const repository = file("repository");
    mkdirSync(repository);
    const definition = `Bootstrap: library\nLibrary: http://${registry.host}\nFrom: admin/demo/tools:1.0\n`;
    writeFileSync(path.join(repository, "Singularity"), `${definition}%runscript\n    echo from the library\n`);
    giveTo(user, repository);

    await succeed(r2s("--image-name", "from-library", repository));
    const ran = await succeed(apptainer("run", "--userns", path.join(user.home, "from-library.sif")));

    expect(ran.stdout).toBe("from the library\n");
  });

  test("a built image goes to the library and comes back instead of a build", async () => {
    const wish = ["--username-prefix", "admin/built", "--image-name", "again"];

    await succeed(r2s("--push", ...wish, file("repository")));
    const built = readFileSync(path.join(user.home, "again.sif"));
    await succeed(r2s("--pull", "--force", ...wish, file("repository")));

    expect(readFileSync(path.join(user.home, "again.sif")).equals(built)).toBe(true);
  });

  test("search finds what apptainer finds, and delete takes away what apptainer then has not", async () => {
    await succeed(r2s("push", image, "library://admin/demo/doomed:1.0,2.0", "--description", "to be deleted"));

    const found = await succeed(r2s("search", "doomed"));
    const theirs = await succeed(apptainer("search", "doomed"));
    const asJson = await succeed(r2s("search", "doomed", "--json", "--library", `http://${registry.host}`));
    const unasked = await r2s("delete", "library://admin/demo/doomed:1.0");
    const kept = await succeed(r2s("search", "doomed"));
    await succeed(r2s("delete", "--force", "library://admin/demo/doomed:1.0"));
    await succeed(r2s("delete", "--force", `oras://${registry.host}/admin/demo/doomed:2.0`));
    const again = await r2s("delete", "--force", "library://admin/demo/doomed:1.0");
    const late = await apptainer("pull", file("doomed.sif"), "library://admin/demo/doomed:2.0");

    expect(found.stdout).toContain("library://admin/demo/doomed:1.0,2.0\n");
    expect(theirs.stdout).toContain("library://admin/demo/doomed:1.0,2.0");
    expect(JSON.parse(asJson.stdout)).toMatchObject([{ path: "admin/demo/doomed", tags: ["1.0", "2.0"] }]);
    expect([unasked.status, unasked.stderr]).toEqual([1, expect.stringContaining("nothing was deleted")]);
    expect(kept.stdout).toBe(found.stdout);
    expect(again.stderr).toContain("(E_REGISTRY_NOT_FOUND)");
    expect(late.stderr).toContain("image does not exist in the library");
    expect((await succeed(r2s("search", "doomed"))).stdout).toBe("");
  });

  test("after a logout nothing opens the library", async () => {
    await succeed(r2s("logout", registry.host));

    const ended = await r2s("push", image, `${library}:late`);

    expect(ended.stderr).toContain("(E_REGISTRY_AUTH)");
    expect(readdirSync(folder).filter((name) => name.includes(".partial"))).toEqual([]);
  });
});

describe.runIf(has("apptainer"))("signatures", () => {
  test.each(["ed25519", "EC", "RSA"])("apptainer verifies our DSSE signature by %s, and we its", async (kind) => {
    const [key, open] = [file(`${kind}.pem`), file(`${kind}.pub`)];
    const curve = kind === "EC" ? ["-pkeyopt", "ec_paramgen_curve:P-256"] : [];
    execFileSync("openssl", ["genpkey", "-quiet", "-algorithm", kind, ...curve, "-out", key]);
    execFileSync("openssl", ["pkey", "-in", key, "-pubout", "-out", open]);
    giveTo(user, key); // openssl closes it to everybody but the one who made it
    for (const name of ["ours", "theirs"]) {
      await succeed(r2s("image", "compose", file(`${kind}-${name}.sif`), file("demo.sqfs")));
    }

    await succeed(r2s("sign", "--key", key, file(`${kind}-ours.sif`)));
    await succeed(apptainer("sign", "--key", key, file(`${kind}-theirs.sif`)));

    const theirs = await succeed(apptainer("verify", "--json", "--key", open, file(`${kind}-ours.sif`)));
    expect(theirs.stdout).toContain('"DataCheck": true');
    await succeed(r2s("verify", "--key", open, file(`${kind}-theirs.sif`)));
  });

  test("a certificate's chain is checked as apptainer checks it", async () => {
    const authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
    const [root, other] = [certify("root", "root", authority), certify("other", "other", authority)];
    const middle = certify("middle", "root", authority);
    const leaf = certify("leaf", "middle", "extendedKeyUsage=codeSigning");
    const server = certify("server", "middle", "extendedKeyUsage=serverAuth");
    const signed = file("certified.sif");
    await succeed(r2s("image", "compose", signed, file("demo.sqfs")));
    await succeed(apptainer("sign", "--key", file("leaf.key"), signed));
    const words = (certificate: string, trusted: string): readonly string[] => [
      "--certificate",
      certificate,
      "--certificate-intermediates",
      middle,
      "--certificate-roots",
      trusted,
      signed,
    ];

    const verified = await succeed(r2s("verify", ...words(leaf, root)));
    await succeed(apptainer("verify", ...words(leaf, root)));
    for (const wrong of [words(leaf, other), words(server, root)]) {
      expect((await apptainer("verify", ...wrong)).status).toBe(255);
      expect((await r2s("verify", ...wrong)).stderr).toContain("(E_SIGNATURE_KEY)");
    }

    expect(verified.stdout).toContain("certificate CN=leaf, by CN=middle, by CN=root");
  });

  test("apptainer knows our key pairs and verifies their signatures, and we those of its own", async () => {
    const env = { APPTAINER_KEYSDIR: file("keys") };
    const withKeys = (command: "apptainer" | "r2s", ...args: readonly string[]): Promise<Ended> =>
      command === "r2s" ? repo2singularity(user, args, { env }) : runAs(user, "apptainer", args, { env });
    const owner = ["--name", "Their", "--email", "their@example.org", "--comment", "", "--password", ""];
    await succeed(withKeys("apptainer", "key", "newpair", "--bit-length", "2048", "--push=false", ...owner));
    await succeed(withKeys("r2s", "key", "newpair", "--name", "Our", "--no-passphrase"));
    for (const name of ["pgp-ours.sif", "pgp-theirs.sif"]) {
      await succeed(r2s("image", "compose", file(name), file("demo.sqfs")));
    }

    await succeed(withKeys("r2s", "sign", "--pgp", "Our", file("pgp-ours.sif")));
    await succeed(withKeys("apptainer", "sign", "--keyidx", "0", file("pgp-theirs.sif")));

    await succeed(withKeys("apptainer", "verify", "--local", file("pgp-ours.sif")));
    const verified = await succeed(withKeys("r2s", "verify", "--local", file("pgp-theirs.sif")));
    expect(verified.stdout).toContain("Their <their@example.org>");
    expect((await withKeys("apptainer", "key", "list", "--secret")).stdout).toContain("Our");
  });
});

/** A key and its certificate, by openssl. @returns the file of the certificate, which belongs to the user */
function certify(name: string, issuer: string, extensions: string): string {
  const [key, request, certificate] = [file(`${name}.key`), file(`${name}.csr`), file(`${name}.crt`)];
  const openssl = (...words: readonly string[]): unknown => execFileSync("openssl", words, { stdio: "pipe" });
  writeFileSync(file(`${name}.ext`), extensions);
  openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key);
  openssl("req", "-new", "-key", key, "-subj", `/CN=${name}`, "-out", request);
  const signer = issuer === name ? ["-signkey", key] : ["-CA", file(`${issuer}.crt`), "-CAkey", file(`${issuer}.key`)];
  const output = ["-extfile", file(`${name}.ext`), "-CAcreateserial", "-out", certificate];
  openssl("x509", "-req", "-days", "2", "-in", request, ...signer, ...output);
  for (const one of [key, certificate]) giveTo(user, one);
  return certificate;
}
