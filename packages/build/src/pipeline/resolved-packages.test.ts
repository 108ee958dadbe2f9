import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { recordDigest } from "../lock/distribution-facts.ts";
import { mergeFiles, mergePackages, parseDpkgStatus, readLayerPackages } from "./resolved-packages.ts";

let tree = "";

beforeEach(async () => {
  tree = await mkdtemp(path.join(tmpdir(), "packages-"));
});

afterEach(async () => {
  await rm(tree, { recursive: true });
});

test("only packages that are installed count", () => {
  const status = [
    "Package: curl\nStatus: install ok installed\nVersion: 7.88.1-10",
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1",
  ].join("\n\n");

  expect(parseDpkgStatus(status)).toEqual([{ manager: "apt", name: "curl", version: "7.88.1-10" }]);
});

test("a layer's Python distributions are found with their environment", async () => {
  const site = path.join(tree, "srv/env/lib/python3.11/site-packages");
  await mkdir(path.join(site, "Jinja2-3.1.6.dist-info"), { recursive: true });
  await mkdir(path.join(site, "typing_extensions-4.12.2.dist-info"));
  await writeFile(path.join(site, "not-a-folder-1.0.dist-info"), "");

  const { installed } = await readLayerPackages(tree);

  expect(
    Object.values(installed)
      .map((one) => `${one.prefix} ${one.name} ${one.version}`)
      .toSorted(),
  ).toEqual(["/srv/env jinja2 3.1.6", "/srv/env typing-extensions 4.12.2"]);
});

test("what a later layer removes is not in the lock, and its database replaces the earlier one", () => {
  const python = (prefix: string, name: string, version: string): Record<string, never> =>
    ({
      [`${prefix}/lib/python3.11/site-packages/${name}-${version}.dist-info`]: {
        manager: "python",
        name,
        version,
        prefix,
      },
    }) as never;

  const lock = mergePackages([
    {
      apt: [{ manager: "apt", name: "old", version: "1" }],
      installed: { ...python("/srv/jupyter", "a", "1"), ...python("/srv/env", "b", "1") },
      removed: [],
    },
    {
      apt: [{ manager: "apt", name: "new", version: "2" }],
      installed: python("/srv/env", "b", "2"),
      removed: ["/srv/jupyter", "/srv/env/lib/python3.11/site-packages/b-1.dist-info"],
    },
  ]);

  expect(lock.map((one) => `${one.name} ${one.version}`)).toEqual(["new 2", "b 2"]);
});

test("an environment that became a link to another one has no packages of its own", async () => {
  await mkdir(path.join(tree, "srv"));
  await symlink("/srv/env", path.join(tree, "srv/jupyter"));

  const { removed } = await readLayerPackages(tree);

  expect(removed).toEqual(["/srv/jupyter"]);
});

test("no link is followed out of a layer, and a pipe is not waited for", async () => {
  const elsewhere = path.join(tree, "elsewhere/lib/python3.11/site-packages/secret-1.0.dist-info");
  await mkdir(elsewhere, { recursive: true });
  const layer = path.join(tree, "layer");
  const site = path.join(layer, "srv/env/lib/python3.11/site-packages/plain-1.0.dist-info");
  await mkdir(site, { recursive: true });
  await mkdir(path.join(layer, "var/lib/dpkg"), { recursive: true });
  await symlink(path.join(tree, "elsewhere"), path.join(layer, "srv/linked"));
  execFileSync("mkfifo", [path.join(layer, "var/lib/dpkg/status"), path.join(site, "RECORD")]);

  const { apt, installed } = await readLayerPackages(layer);

  expect(apt).toBeUndefined();
  expect(Object.values(installed)).toEqual([{ manager: "python", name: "plain", version: "1.0", prefix: "/srv/env" }]);
});

test("a package from a git repository is locked with its commit and without the password of its address", async () => {
  const folder = path.join(tree, "srv/env/lib/python3.11/site-packages/tides-2.0.dist-info");
  await mkdir(folder, { recursive: true });
  const direct = { url: "https://me:hunter2@git.example.org/tides.git", vcs_info: { vcs: "git", commit_id: "abc123" } };
  await writeFile(path.join(folder, "direct_url.json"), JSON.stringify(direct));
  await writeFile(path.join(folder, "RECORD"), "tides.py,sha256=x,1\ntides-2.0.dist-info/INSTALLER,sha256=y,2\n");

  const { installed } = await readLayerPackages(tree);

  const [found] = Object.values(installed);
  expect(found?.source).toBe("git+https://git.example.org/tides.git@abc123");
  expect(found?.digest).toBe(`sha256:${recordDigest("tides.py,sha256=x,1\n")}`);
});

test("R packages are found in the image's library, those of git hosts with their commit", async () => {
  const write = async (name: string, lines: string): Promise<void> => {
    await mkdir(path.join(tree, "srv/rlibs", name), { recursive: true });
    await writeFile(path.join(tree, "srv/rlibs", name, "DESCRIPTION"), lines);
  };
  await write("sunrise", "Package: sunrise\nVersion: 1.2.3\nRepository: CRAN\n");
  await write(
    "tides",
    "Package: tides\nVersion: 0.1\nRemoteType: github\nRemoteUsername: sea\nRemoteRepo: tides\nRemoteSha: abc\n",
  );
  await mkdir(path.join(tree, "srv/rlibs/00LOCK"));

  const { installed } = await readLayerPackages(tree);

  expect(Object.values(installed)).toEqual([
    { manager: "r", name: "sunrise", version: "1.2.3", prefix: "/srv/rlibs" },
    { manager: "r", name: "tides", version: "0.1", prefix: "/srv/rlibs", source: "github:sea/tides@abc" },
  ]);
});

test("a layer's conda packages are found with their build", async () => {
  await mkdir(path.join(tree, "srv/env/conda-meta"), { recursive: true });
  for (const name of ["ca-certificates-2024.1-hbcca054_0.json", "history", "state"]) {
    await writeFile(path.join(tree, "srv/env/conda-meta", name), "");
  }

  const { installed } = await readLayerPackages(tree);

  expect(Object.values(installed)).toEqual([
    { manager: "conda", name: "ca-certificates", version: "2024.1=hbcca054_0", prefix: "/srv/env" },
  ]);
});

test("lock files that steps kept are part of the lock, and those of a later layer take their place", async () => {
  const locks = path.join(tree, "srv/lib/repo2singularity/lock");
  const manifest = (version: string): string =>
    `[[Example]]\ngit-tree-sha1 = "${"a".repeat(40)}"\nversion = "${version}"\n`;
  await mkdir(path.join(locks, "julia/project"), { recursive: true });
  await mkdir(path.join(locks, "nix"));
  await writeFile(path.join(locks, "julia/version"), "1.10.4\n");
  await writeFile(path.join(locks, "julia/project/Manifest.toml"), manifest("0.5.3"));
  const hash = `sha256-${Buffer.alloc(32, 1).toString("base64")}`;
  const nixpkgs = { url: "https://releases.example/nixexprs.tar.xz", revision: "", hash };
  await writeFile(path.join(locks, "nix/nixpkgs.json"), JSON.stringify(nixpkgs));
  const inputs = { nodes: { root: {}, harbours: { locked: { narHash: hash, rev: "f".repeat(40) } } } };
  await writeFile(path.join(locks, "nix/flake.lock"), JSON.stringify(inputs));

  const first = await readLayerPackages(tree);
  await rm(locks, { recursive: true });
  await mkdir(path.join(locks, "julia/project"), { recursive: true });
  await writeFile(path.join(locks, "julia/project/Manifest.toml"), manifest("0.6.0"));
  const second = await readLayerPackages(tree);

  expect(mergePackages([first, second]).map(({ manager, name, version }) => `${manager} ${name} ${version}`)).toEqual([
    "julia julia 1.10.4",
    "julia Example 0.6.0",
    `nix harbours ${"f".repeat(40)}`,
    `nix nixpkgs ${hash}`,
  ]);
  expect(mergePackages([first]).find(({ name }) => name === "nixpkgs")?.digest).toBe(`sha256:${"01".repeat(32)}`);
  expect(mergeFiles([first, second])).toEqual({
    "julia/version": "1.10.4\n",
    "julia/project/Manifest.toml": manifest("0.6.0"),
    "nix/nixpkgs.json": JSON.stringify(nixpkgs),
    "nix/flake.lock": JSON.stringify(inputs),
  });
});
