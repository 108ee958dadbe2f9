import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBusyboxTree } from "@repo2singularity/testkit";
import { giveTo } from "./support/clones.ts";
import { startRegistry, type Registry } from "./support/docker-registry.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { allUsers, ordinaryUser, type User } from "./support/users.ts";

const user: User = ordinaryUser() ?? allUsers()[0]!;
const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;

describe.runIf(has("docker-registry") && has("skopeo"))("a real registry, on loopback", () => {
  let folder = "";
  let registry: Registry;
  let archive = "";
  let reference = "";

  beforeAll(async () => {
    folder = mkdtempSync(path.join(user.home, "registry-"));
    registry = await startRegistry(path.join(folder, "registry"));
    archive = await dockerArchive(path.join(folder, "image"));
    reference = `docker://127.0.0.1:${registry.port}/demo/tools:1.0`;
    execFileSync("skopeo", ["copy", "--quiet", "--dest-tls-verify=false", `docker-archive:${archive}`, reference]);
    giveTo(user, folder);
  });
  afterAll(() => registry.stop());

  test("an image becomes a SIF that apptainer runs", async () => {
    const sif = path.join(folder, "pulled.sif");

    const converted = await repo2singularity(user, ["image", "convert", reference, sif]);
    const ran = await runAs(user, "apptainer", [
      "exec",
      "--userns",
      sif,
      "sh",
      "-c",
      "test -x /bin/busybox && echo $GREETING",
    ]);

    expect(converted, converted.stderr).toMatchObject({ status: 0 });
    expect(ran).toMatchObject({ status: 0, stdout: "hello\n" });
  });

  test("what was pulled has the same system as what lies in the archive", async () => {
    const listings: string[] = [];
    for (const [name, source] of [
      ["one", reference],
      ["two", `docker-archive:${archive}`],
    ] as const) {
      const sif = path.join(folder, `${name}.sif`);
      expect(await repo2singularity(user, ["image", "convert", source, sif])).toMatchObject({ status: 0 });
      const tree = `${sif}.tree`;
      expect(await repo2singularity(user, ["image", "unpack", sif, tree])).toMatchObject({ status: 0 });
      const busybox = readFileSync(path.join(tree, "bin/busybox"));
      const { stdout } = await repo2singularity(user, ["image", "list", sif]);
      const system = stdout.split("\n").filter((line) => !line.includes("/.singularity.d")); // it names the source
      listings.push(`${createHash("sha256").update(busybox).digest("hex")}\n${system.join("\n")}`);
    }

    expect(listings[1]).toBe(listings[0]);
  });

  test("an image is pulled as a base", async () => {
    const repository = path.join(folder, "repository");
    mkdirSync(repository);
    giveTo(user, repository);

    const built = await repo2singularity(user, ["--json-logs", "--base", reference, repository]);

    expect(built.stderr).toContain('"type":"phase-end","phase":"base"');
  });

  test("a tag that is not there is named in one error", async () => {
    const ended = await repo2singularity(user, ["image", "convert", reference.replace("1.0", "2.0"), "x.sif"]);

    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain("(E_REGISTRY_NOT_FOUND)");
    expect(ended.stderr).toContain("demo/tools/manifests/2.0");
  });
});

/** An archive as `docker save` writes it, of two layers: busybox, and a file over it. */
async function dockerArchive(folder: string): Promise<string> {
  const tree = await makeBusyboxTree(path.join(folder, "tree"));
  mkdirSync(path.join(folder, "upper/etc"), { recursive: true });
  writeFileSync(path.join(folder, "upper/etc/motd"), "hello\n");
  const layers = [tree, path.join(folder, "upper")].map((source, index) => {
    const name = `layer${index}.tar`;
    execFileSync("tar", ["cf", path.join(folder, name), "--owner=0", "--group=0", "-C", source, "."]);
    return {
      name,
      digest: createHash("sha256")
        .update(readFileSync(path.join(folder, name)))
        .digest("hex"),
    };
  });
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Env: ["PATH=/bin", "GREETING=hello"], Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
  };
  const manifest = [{ Config: "config.json", RepoTags: ["demo/tools:1.0"], Layers: layers.map(({ name }) => name) }];
  writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
  const names = ["manifest.json", "config.json", ...layers.map(({ name }) => name)];
  execFileSync("tar", ["cf", "image.tar", ...names], { cwd: folder });
  return path.join(folder, "image.tar");
}
