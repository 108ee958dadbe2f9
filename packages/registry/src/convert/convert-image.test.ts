import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isAppError } from "@repo2singularity/base";
import { openImage, openSif } from "@repo2singularity/image";
import { readDockerArchive } from "../archive/docker-archive.ts";
import { readOciLayout } from "../archive/oci-layout.ts";
import { startRegistry, storeImage } from "../client/registry-server.fixture.ts";
import { convertImage } from "./convert-image.ts";

let folder: string;
const amd64 = { os: "linux", architecture: "amd64" };
const hasBusybox = existsSync("/bin/busybox");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convert-"));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(command: string, args: readonly string[]): Promise<{ ok: boolean; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { encoding: "utf8" }, (error, stdout, stderr) => {
      resolve({ ok: error === null, stdout, stderr });
    });
  });
}

/** A docker archive in the old form; each layer is a folder that `fill` makes. */
async function dockerArchive(name: string, fills: readonly ((root: string) => Promise<void>)[]): Promise<string> {
  const work = join(folder, name);
  await mkdir(work);
  const diffIds: string[] = [];
  for (const [index, fill] of fills.entries()) {
    const root = join(work, `root${index}`);
    await mkdir(root);
    await fill(root);
    const tar = join(work, `layer${index}.tar`);
    await run("tar", ["-C", root, "--owner=7", "--group=7", "--sort=name", "--mtime=@1000000000", "-cf", tar, "."]);
    diffIds.push(
      `sha256:${createHash("sha256")
        .update(await readFile(tar))
        .digest("hex")}`,
    );
  }
  const config = {
    architecture: "amd64",
    os: "linux",
    created: "2024-01-02T03:04:05Z",
    config: {
      Env: ["PATH=/bin", "GREETING=it's $HOME"],
      Entrypoint: ["/bin/busybox", "echo"],
      Cmd: ["a  b"],
      Labels: { maintainer: "me" },
    },
    rootfs: { type: "layers", diff_ids: diffIds },
  };
  const layers = fills.map((_, index) => `layer${index}.tar`);
  await writeFile(join(work, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: ["test:1"], Layers: layers }];
  await writeFile(join(work, "manifest.json"), JSON.stringify(manifest));
  const archive = join(folder, `${name}.tar`);
  await run("tar", ["-C", work, "-cf", archive, "manifest.json", "config.json", ...layers]);
  return archive;
}

async function fillBase(root: string): Promise<void> {
  await mkdir(join(root, "bin"));
  if (hasBusybox) await copyFile("/bin/busybox", join(root, "bin/busybox"));
  await symlink("busybox", join(root, "bin/sh"));
  await mkdir(join(root, "etc"));
  await writeFile(join(root, "etc/hosts"), "127.0.0.1 of-the-image\n");
  await writeFile(join(root, "etc/old"), "old");
  await writeFile(join(root, "singularity"), "of an earlier image");
  await mkdir(join(root, "gone"));
  await writeFile(join(root, "gone/file"), "gone");
}

async function fillTop(root: string): Promise<void> {
  await mkdir(join(root, "etc"));
  await writeFile(join(root, "etc/.wh.old"), "");
  await writeFile(join(root, "etc/new"), "new");
  await writeFile(join(root, ".wh.gone"), "");
}

async function treeOf(path: string): Promise<Map<string, string>> {
  await using image = await openImage(path);
  const found = new Map<string, string>();
  for await (const entry of image.entries()) {
    if (entry.path.startsWith(".singularity.d/")) continue;
    found.set(entry.path, `${entry.type} ${entry.mode.toString(8)} ${entry.uid}:${entry.gid}`);
  }
  return found;
}

test("a docker archive of one layer becomes a SIF with the image's tree, scripts and labels", async () => {
  const archive = await dockerArchive("single", [fillBase]);
  const out = join(folder, "single.sif");

  const { sourceDigest } = await convertImage("docker-archive:single.tar:test:1", out, {
    cwd: folder,
    platform: amd64,
  });

  const tree = await treeOf(out);
  expect(tree.get("bin/sh")).toBe("symlink 777 0:0");
  expect(tree.get("singularity")).toBe("symlink 777 0:0");
  expect(tree.get("proc")).toBe("directory 755 0:0");
  await using image = await openImage(out);
  expect(Buffer.from((await image.readFile("etc/hosts")) ?? []).toString()).toBe("127.0.0.1 of-the-image\n");
  await using sif = await openSif(out);
  expect(sif.descriptors.map(({ name }) => name)).toEqual(["", "inspect-metadata.json", "oci-config.json", ""]);
  expect(sif.header).toMatchObject({ architecture: "amd64", createdSeconds: Date.UTC(2024, 0, 2, 3, 4, 5) / 1000 });
  expect(sourceDigest).toBe((await readDockerArchive(archive)).digest);
});

test("layers are laid over each other, and what a whiteout names is gone", async () => {
  await dockerArchive("double", [fillBase, fillTop]);
  const out = join(folder, "double.sif");

  await convertImage("docker-archive:double.tar", out, { cwd: folder, platform: amd64 });

  const tree = await treeOf(out);
  expect(tree.has("etc/new")).toBe(true);
  expect(tree.has("etc/old")).toBe(false);
  expect([...tree.keys()].filter((path) => path.includes(".wh.") || path.startsWith("gone"))).toEqual([]);
  expect(tree.get("etc/resolv.conf")).toBe("file 644 0:0");
});

test("the same archive gives the same bytes in another folder, and nothing stays beside it", async () => {
  const other = join(folder, "elsewhere");
  await mkdir(other);
  await dockerArchive("again", [fillBase, fillTop]);
  await copyFile(join(folder, "again.tar"), join(other, "again.tar"));

  await convertImage("docker-archive:again.tar", join(other, "a.sif"), { cwd: folder, platform: amd64 });
  await convertImage("docker-archive:again.tar", join(other, "b.sif"), {
    cwd: other,
    platform: amd64,
    compressorCount: 1,
  });

  expect((await readFile(join(other, "a.sif"))).equals(await readFile(join(other, "b.sif")))).toBe(true);
  expect((await readdir(other)).toSorted()).toEqual(["a.sif", "again.tar", "b.sif"]);
});

test("an image is read from a registry until its last layer is packed", async () => {
  const tar = join(folder, "pulled.tar");
  await writeFile(join(folder, "pulled.txt"), "pulled\n");
  expect(await run("tar", ["cf", tar, "-C", folder, "pulled.txt"])).toMatchObject({ ok: true });
  await using registry = await startRegistry();
  storeImage(registry, await readFile(tar));
  const out = join(folder, "pulled.sif");

  await convertImage(`docker://${registry.host}/a/b`, out, { cwd: folder, platform: amd64 });

  await using image = await openImage(out);
  expect(Buffer.from((await image.readFile("pulled.txt")) ?? []).toString()).toBe("pulled\n");
});

test("a damaged layer and a wrong name are told, and leave nothing", async () => {
  const archive = await dockerArchive("damaged", [fillBase]);
  const bytes = await readFile(archive);
  const at = bytes.indexOf("of-the-image");
  bytes[at] = 0x58;
  await writeFile(archive, bytes);
  const codeOf = (name: string): Promise<unknown> =>
    convertImage(name, join(folder, "never.sif"), { cwd: folder, platform: amd64 }).then(
      () => "no error",
      (error: unknown) => (isAppError(error) ? error.code : error),
    );

  expect(await codeOf("docker-archive:damaged.tar")).toBe("E_OCI_DIGEST_MISMATCH");
  expect(await codeOf("docker-archive:damaged.tar:other:tag")).toBe("E_REGISTRY_NOT_FOUND");
  expect(await codeOf("docker-archive:missing.tar")).toBe("E_OCI_INVALID");
  expect(await codeOf("oci:damaged")).toBe("E_OCI_INVALID");
  await writeFile(archive, bytes.subarray(0, 20_000));
  expect(await codeOf("docker-archive:damaged.tar")).toBe("E_TAR_TRUNCATED");
  expect((await readdir(folder)).filter((name) => name.includes("never") || name.startsWith(".convert"))).toEqual([]);
});

const hasSkopeo = (await run("skopeo", ["--version"])).ok;

test.runIf(hasSkopeo)("OCI layouts by skopeo, as folder and as tar, hold the same layers as the archive", async () => {
  const archive = await dockerArchive("skopeo", [fillBase, fillTop]);
  const copy = (to: string): ReturnType<typeof run> =>
    run("skopeo", ["--insecure-policy", "copy", "-q", `docker-archive:${archive}`, to]);
  await copy(`oci:${join(folder, "layout")}:v1`);
  await copy(`oci-archive:${join(folder, "layout.tar")}:v1`);

  const source = await readDockerArchive(archive);
  const asFolder = await readOciLayout(join(folder, "layout"), { form: "folder", platform: amd64, name: "v1" });
  const asTar = await readOciLayout(join(folder, "layout.tar"), { form: "tar", platform: amd64 });
  await convertImage("oci:layout:v1", join(folder, "from-oci.sif"), { cwd: folder, platform: amd64 });
  await convertImage("docker-archive:skopeo.tar", join(folder, "from-docker.sif"), { cwd: folder, platform: amd64 });

  for (const image of [asFolder, asTar]) {
    expect(image.layers.map(({ diffId }) => diffId)).toEqual(source.layers.map(({ diffId }) => diffId));
    expect(image.layers[0]?.mediaType).toContain("gzip");
  }
  expect(await treeOf(join(folder, "from-oci.sif"))).toEqual(await treeOf(join(folder, "from-docker.sif")));
});

const canRun = hasBusybox && (await run("apptainer", ["exec", "--help"])).ok;

test.runIf(canRun)("apptainer runs and inspects what was converted", async () => {
  await dockerArchive("runs", [fillBase, fillTop]);
  const out = join(folder, "runs.sif");
  await convertImage("docker-archive:runs.tar", out, { cwd: folder, platform: amd64 });
  const apptainer = async (...args: string[]): Promise<string> => (await run("apptainer", ["-s", ...args])).stdout;

  expect(await apptainer("run", "--userns", out)).toBe("a  b\n");
  expect(await apptainer("run", "--userns", out, "own")).toBe("own\n");
  expect(await apptainer("exec", "--userns", out, "/bin/sh", "-c", "echo $GREETING")).toBe("it's $HOME\n");
  expect(await apptainer("inspect", out)).toContain("maintainer: me");
});
