import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mergePackages, parseDpkgStatus, readLayerPackages } from "./resolved-packages.ts";

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

  const { python } = await readLayerPackages(tree);

  expect(
    Object.values(python)
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
      python: { ...python("/srv/jupyter", "a", "1"), ...python("/srv/env", "b", "1") },
      removed: [],
    },
    {
      apt: [{ manager: "apt", name: "new", version: "2" }],
      python: python("/srv/env", "b", "2"),
      removed: ["/srv/jupyter", "/srv/env/lib/python3.11/site-packages/b-1.dist-info"],
    },
  ]);

  expect(lock.map((one) => `${one.name} ${one.version}`)).toEqual(["new 2", "b 2"]);
});

test("a layer's conda packages are found with their build", async () => {
  await mkdir(path.join(tree, "srv/env/conda-meta"), { recursive: true });
  for (const name of ["ca-certificates-2024.1-hbcca054_0.json", "history", "state"]) {
    await writeFile(path.join(tree, "srv/env/conda-meta", name), "");
  }

  const { python } = await readLayerPackages(tree);

  expect(Object.values(python)).toEqual([
    { manager: "conda", name: "ca-certificates", version: "2024.1=hbcca054_0", prefix: "/srv/env" },
  ]);
});
