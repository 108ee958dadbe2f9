import { chmod, link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AppError, processRunner, processStreamer, sha256Hex } from "@repo2singularity/base";
import { openSquashfs, type TreeEntry, writeTar } from "@repo2singularity/image";
import { openStore, type Store } from "@repo2singularity/store";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openHttpClient } from "../host/http-client.ts";
import { readHostSettings } from "../host/host-settings.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import { contentOf } from "./observe-base.ts";
import type { ResolvedBase } from "./resolved-base.ts";
import { resolveBase } from "./resolve-base.ts";

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

const scratch = await mkdtemp(join(tmpdir(), "bases-"));
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function folder(): Promise<string> {
  return mkdtemp(join(scratch, "one-"));
}

async function dependencies(change: Partial<BaseDependencies> = {}, osRelease = ""): Promise<BaseDependencies> {
  const noApt = (command: string): Promise<never> => Promise.reject(new AppError("E_PROCESS_NOT_FOUND", command));
  const settings = await readHostSettings({
    env: {},
    homeDir: "/home/ann",
    readFile: (path) => Promise.resolve(path === "/etc/os-release" ? osRelease : undefined),
    listFolder: () => Promise.resolve([]),
    runner: noApt,
  });
  const store: Store = change.store ?? (await openStore({ directory: await folder() }));
  const client = openHttpClient({ caBundle: "", proxies: {} });
  if (change.store === undefined) opened.push(store);
  opened.push(client);
  return {
    store,
    client,
    settings,
    host: { runner: noApt, path: "", processor: "x64", uid: 0, tmpDir: tmpdir() },
    platform: "linux/amd64",
    format: { compression: "zstd", level: 1, blockSizeBytes: 131_072 },
    docker: { runner: noApt, streamer: processStreamer, env: {} },
    cwd: "/",
    now: () => 1_700_000_000_000,
    ...change,
  };
}

async function namesIn(layerPath: string): Promise<string[]> {
  await using image = await openSquashfs(layerPath);
  const names: string[] = [];
  for await (const { path, type, linkTarget } of image.entries()) {
    names.push(`${path}${type === "directory" ? "/" : ""}${linkTarget === undefined ? "" : ` -> ${linkTarget}`}`);
  }
  return names;
}

async function textIn(layerPath: string, path: string): Promise<string> {
  await using image = await openSquashfs(layerPath);
  for await (const entry of image.entries()) {
    if (entry.path !== path) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of entry.content?.stream() ?? []) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString("utf8");
  }
  throw new Error(`no ${path}`);
}

/** A small root directory with everything that a base must change or keep. */
async function rootDirectory(): Promise<string> {
  const root = await folder();
  const files: Record<string, string> = {
    "usr/lib/os-release": 'ID=debian\nVERSION_CODENAME="trixie"\n',
    "usr/bin/apt-get": "",
    "usr/local/bin/python3.12": "py",
    "usr/local/lib/python3.12/site-packages/Foo_Bar-1.0.dist-info/METADATA": "",
    "var/lib/dpkg/status": "Package: zlib1g\nStatus: install ok installed\nVersion: 1:1.3\n",
    "etc/apt/sources.list.d/debian.sources": "Types: deb\n",
    "etc/apt/sources.list.d/debian.sources.bak": "no",
    "etc/machine-id": "0123",
    "run/leftover": "x",
    "tmp/leftover": "x",
    "usr/share/one": "linked",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await symlink("usr/bin", join(root, "bin"));
  await symlink("../usr/lib/os-release", join(root, "etc/os-release"));
  await link(join(root, "usr/share/one"), join(root, "usr/share/two"));
  await chmod(join(root, "usr/local/bin/python3.12"), 0o4755);
  return root;
}

/** One base of the root directory for all tests that only look at it, because packing takes a while. */
let sharedStore: Store;
let shared: ResolvedBase;
beforeAll(async () => {
  sharedStore = await openStore({ directory: await folder() });
  shared = await resolveBase(await rootDirectory(), await dependencies({ store: sharedStore }));
});
afterAll(async () => sharedStore[Symbol.asyncDispose]());

test("a root directory becomes a base: what a running system owns is emptied, what steps need is there", async () => {
  const base = shared;

  const names = await namesIn(base.layerPath);
  expect(names).toEqual(
    expect.arrayContaining([
      "dev/",
      "proc/",
      "sys/",
      "run/",
      "tmp/",
      "var/tmp/",
      "root/",
      "srv/",
      "etc/hosts",
      "etc/resolv.conf",
    ]),
  );
  expect(names).toEqual(expect.arrayContaining(["bin -> usr/bin", "usr/share/one", "usr/share/two -> usr/share/one"]));
  expect(names.filter((name) => /leftover|machine-id/.test(name))).toEqual([]);
});

test("a base's owners and times are constant, its modes are kept", async () => {
  const base = shared;

  await using image = await openSquashfs(base.layerPath);
  for await (const entry of image.entries()) {
    expect([entry.uid, entry.gid, entry.mtimeSeconds]).toEqual([0, 0, 315_532_800]);
    if (entry.path === "usr/local/bin/python3.12") expect(entry.mode).toBe(0o4755);
    if (entry.path === "var/tmp") expect(entry.mode).toBe(0o1777);
  }
});

test("a base's facts, packages and apt sources are read from its files", async () => {
  const base = shared;

  expect(base.facts).toMatchObject({
    distribution: "debian",
    codename: "trixie",
    packageManager: "apt",
    pythons: [{ version: "3.12", path: "/usr/local/bin/python3.12" }],
    packagedPythons: ["3.13"],
  });
  expect(base.packages.apt).toEqual([{ manager: "apt", name: "zlib1g", version: "1:1.3" }]);
  expect(Object.values(base.packages.installed)).toEqual([
    { manager: "python", name: "foo-bar", version: "1.0", prefix: "/usr/local" },
  ]);
  expect(base.aptSources).toEqual([{ path: "/etc/apt/sources.list.d/debian.sources", text: "Types: deb\n" }]);
  expect(base.reference).not.toContain("/");
});

test("equal directories in different places give one digest, and a changed one another", async () => {
  const [one, two] = [await rootDirectory(), await rootDirectory()];
  const deps = await dependencies();

  const first = await resolveBase(one, deps);
  const second = await resolveBase(two, deps);
  await writeFile(join(two, "usr/share/three"), "new");
  const third = await resolveBase(two, deps);

  expect(second.digest).toBe(first.digest);
  expect(third.digest).not.toBe(first.digest);
});

test("two builds that ask at once make a base once", async () => {
  const root = await rootDirectory();
  const deps = await dependencies();
  let madeCount = 0;
  const counting = { ...deps, now: () => (madeCount += 1) };

  const [one, two] = await Promise.all([resolveBase(root, counting), resolveBase(root, counting)]);

  expect(one.madeAtMs).toBe(two.madeAtMs);
});

test("refresh makes a base anew, and only then", async () => {
  const root = await rootDirectory();
  const deps = await dependencies();

  const first = await resolveBase(root, deps);
  const again = await resolveBase(root, { ...deps, now: () => 1_800_000_000_000 });
  const refreshed = await resolveBase(root, { ...deps, refresh: true, now: () => 1_800_000_000_000 });

  expect(again.madeAtMs).toBe(first.madeAtMs);
  expect(refreshed.madeAtMs).toBe(1_800_000_000_000);
  expect(refreshed.digest).toBe(first.digest);
});

/** What one file of a layer is: its text, a folder (`/`), or a link (`= target`). */
type LayerFiles = readonly (readonly [path: string, content: string])[];

async function tarOf(files: LayerFiles): Promise<Buffer> {
  const entries = files.map(([path, content]): TreeEntry => {
    const facts = { path, mode: 0o644, uid: 1000, gid: 1000, mtimeSeconds: 1_600_000_000.5, sizeBytes: 0 };
    if (content === "/") return { ...facts, type: "directory", mode: 0o755 };
    if (content.startsWith("= ")) return { ...facts, type: "hardlink", linkTarget: content.slice(2) };
    const bytes = Buffer.from(content);
    return { ...facts, type: "file", sizeBytes: bytes.length, ...(bytes.length > 0 && { content: contentOf(bytes) }) };
  });
  const chunks: Buffer[] = [];
  for await (const chunk of writeTar(fromArray(entries))) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function* fromArray<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function dockerArchive(layers: readonly LayerFiles[]): Promise<string> {
  const tars = await Promise.all(layers.map(tarOf));
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/opt/bin:/usr/bin", "EMPTY="] },
    rootfs: { type: "layers", diff_ids: tars.map((tar) => `sha256:${sha256Hex(tar)}`) },
  });
  const names = tars.map((_tar, index) => `${index}/layer.tar`);
  const manifest = JSON.stringify([{ Config: "config.json", RepoTags: ["x:1"], Layers: names }]);
  const files: LayerFiles = [
    ["manifest.json", manifest],
    ["config.json", config],
    ...names.map((name, index): [string, string] => [name, tars[index]!.toString("latin1")]),
  ];
  const path = join(await folder(), "image.tar");
  await writeFile(path, await tarOf(files));
  return path;
}

test("an upper layer of a docker archive hides, replaces and keeps what lies below", async () => {
  const path = await dockerArchive([
    [
      ["opt", "/"],
      ["opt/gone", "1"],
      ["opt/kept", "2"],
      ["opt/replaced", "3"],
      ["cleared", "/"],
      ["cleared/old", "4"],
      ["folder", "/"],
      ["folder/inside", "5"],
      ["file", "6"],
    ],
    [
      ["opt/.wh.gone", ""],
      ["opt/replaced", "new"],
      ["cleared/.wh..wh..opq", ""],
      ["cleared/new", "7"],
      ["folder", "now a file"],
      ["file/inside", "now a folder"],
    ],
  ]);

  const base = await resolveBase(path, await dependencies());

  const names = (await namesIn(base.layerPath)).filter((name) => /^(?:opt|cleared|folder|file)/.test(name));
  expect(names).toEqual([
    "cleared/",
    "cleared/new",
    "file/",
    "file/inside",
    "folder",
    "opt/",
    "opt/kept",
    "opt/replaced",
  ]);
  expect(await textIn(base.layerPath, "opt/replaced")).toBe("new");
  expect(base.environment).toEqual({ PATH: "/opt/bin:/usr/bin", EMPTY: "" });
});

test("a further name of a file stays when a layer above removes the first name", async () => {
  const path = await dockerArchive([
    [
      ["a", "content"],
      ["b", "= a"],
      ["c", "= a"],
    ],
    [[".wh.a", ""]],
  ]);

  const { layerPath } = await resolveBase(path, await dependencies());

  expect((await namesIn(layerPath)).filter((name) => /^[abc]( |$)/.test(name))).toEqual(["b", "c -> b"]);
  expect(await textIn(layerPath, "b")).toBe("content");
});

test("a base made of a base is the same base", async () => {
  const first = shared;

  const second = await resolveBase(first.layerPath, await dependencies());

  expect(second.digest).toBe(first.digest);
  expect(second.facts.pythons).toEqual(first.facts.pythons);
});

test("the order of an archive's entries does not matter", async () => {
  const files: LayerFiles = [
    ["etc", "/"],
    ["etc/passwd", "root:x:0:0::/root:/bin/sh\n"],
    ["etc-other", "1"],
    ["opt", "/"],
    ["opt/one", "2"],
    ["zone", "= opt/one"],
  ];
  const turned = [...files.slice(0, 5).toReversed(), ...files.slice(5)];

  const [inOrder, outOfOrder, inLayers] = await Promise.all(
    [[files], [turned], [files.slice(3), files.slice(0, 3)]].map(async (layers) =>
      resolveBase(await dockerArchive(layers), await dependencies()),
    ),
  );

  expect(outOfOrder?.digest).toBe(inOrder?.digest);
  expect(inLayers?.digest).toBe(inOrder?.digest);
  expect((await resolveBase(inLayers!.layerPath, await dependencies())).digest).toBe(inOrder?.digest);
});

test.each([
  ["/nowhere/at/all", "E_BASE_UNAVAILABLE"],
  ["debootstrap:../x", "E_USAGE"],
  ["debootstrap:", "E_USAGE"],
  ["docker://UPPER/Case", "E_REFERENCE_INVALID"],
  ["docker-archive:/nowhere.tar", "E_OCI_INVALID"],
])("a base that cannot be, %j, ends with %s", async (reference, code) => {
  await expect(resolveBase(reference, await dependencies())).rejects.toMatchObject({ code });
});

test("a file that is no image is refused by what it is not", async () => {
  const path = join(await folder(), "text.sif");
  await writeFile(path, "hello");

  await expect(resolveBase(path, await dependencies())).rejects.toMatchObject({ code: "E_IMAGE_FORMAT" });
});

test("auto on a machine without apt and registry says what to name instead", async () => {
  const deps = await dependencies({ autoReference: "docker://127.0.0.1:1/x/y" }, "ID=fedora\n");

  await expect(resolveBase("auto", deps)).rejects.toMatchObject({
    code: "E_BASE_UNAVAILABLE",
    hint: expect.stringContaining("--base"),
  });
});

test("auto on Debian goes for the machine's own release when no registry answers", async () => {
  const lines: string[] = [];
  const deps = await dependencies(
    {
      autoReference: "docker://127.0.0.1:1/x/y",
      host: {
        runner: (command, args, options) => {
          lines.push([command, ...args].join(" "));
          return processRunner("false", [], options);
        },
        path: "",
        processor: "x64",
        uid: 0,
        tmpDir: tmpdir(),
      },
    },
    'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian 13"\n',
  );

  await expect(resolveBase("auto", deps)).rejects.toMatchObject({ code: "E_BASE_UNAVAILABLE" });
  expect(lines.length).toBeGreaterThan(0);
});
