import { execFile, execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "r2s-bundle-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A clone with a program of one line, which tells where it runs from. */
async function makeClone(): Promise<string> {
  const clone = join(folder, "clone");
  for (const name of ["apps/cli/src", "packages/base", "node_modules/.bin"]) {
    await mkdir(join(clone, name), { recursive: true });
  }
  for (const name of ["bin/repo2singularity", "tools/src/bundle-cli.ts", "package.json", "package-lock.json"]) {
    await cp(join(root, name), join(clone, name));
  }
  await writeFile(join(clone, "node_modules/.package-lock.json"), "{}");
  await symlink(process.execPath, join(clone, "node_modules/.bin/node"));
  await symlink(join(root, "node_modules/esbuild"), join(clone, "node_modules/esbuild"));
  return clone;
}

test("the program runs from the bundle, and an edited source is what the next start runs", async () => {
  const clone = await makeClone();
  const source = join(clone, "apps/cli/src/main.ts");
  const start = (): string => {
    const env = { ...process.env, HOME: folder };
    return spawnSync(join(clone, "bin/repo2singularity"), { encoding: "utf8", env }).stdout;
  };

  await writeFile(source, `const word: string = "one"; console.log(word, import.meta.url);`);
  const first = [start(), start()];
  await writeFile(source, `const word: string = "two"; console.log(word, import.meta.url);`);
  const second = start();
  await writeFile(source, `console.log("three", import.meta.url); await import("./missing.ts");`);
  const third = start();

  expect(first).toEqual(Array(2).fill(`one file://${clone}/dist/cli/main.js\n`));
  expect(second).toBe(`two file://${clone}/dist/cli/main.js\n`);
  expect(third).toBe(`three file://${source}\n`);
});

test("the bundle does as the sources do, with packages that are loaded late as well", async () => {
  const bundle = join(folder, "bundle");
  const registry = createServer((_, response) => response.writeHead(404).end()).listen(0, "127.0.0.1");
  await once(registry, "listening");
  // listen() on a port gives an address and no path
  const { port } = registry.address() as AddressInfo;
  const env = { ...process.env, R2S_CACHE_DIR: join(folder, "cache") };
  const commands = [
    ["plan", "--format", "json", join(root, "examples/hello-jupyter")],
    ["cache", "prune", "--max-size", "1T"], // takes a lock
    ["image", "convert", `docker://127.0.0.1:${port}/none:latest`, join(folder, "none.sif")], // asks the network
  ];
  const runAll = (program: string): Promise<readonly Ended[]> =>
    Promise.all(commands.map((args) => ended(process.execPath, [program, ...args], env)));

  execFileSync(process.execPath, [join(root, "tools/src/bundle-cli.ts"), bundle]);

  const ofBundle = await runAll(join(bundle, "main.js"));
  expect(ofBundle).toEqual(await runAll(join(root, "apps/cli/src/main.ts")));
  expect(ofBundle.map(({ status }) => status)).toEqual([0, 0, 1]);
  expect(ofBundle[2]?.stderr).toContain("E_REGISTRY_NOT_FOUND");
  registry.close();
});

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function ended(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((settle) => {
    execFile(file, args, { env }, (error, stdout, stderr) =>
      settle({ status: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test("no source looks for a file beside itself, where the bundle has none", async () => {
  const sources = globSync("{apps,packages}/*/src/**/*.ts", { cwd: root, exclude: ["**/*.test.ts", "**/testing/**"] });
  const texts = await Promise.all(sources.map((path) => readFile(join(root, path), "utf8")));

  expect(sources.length).toBeGreaterThan(200);
  expect(sources.filter((_, index) => /import\.meta\.(?:url|dirname|filename)/.test(texts[index] ?? ""))).toEqual([]);
});
