import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bytecodeProgram } from "./bytecode-program.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "bytecode-"));
  await mkdir(path.join(folder, "tree/pkg/tests"), { recursive: true });
  await mkdir(path.join(folder, "cache"));
  await writeFile(path.join(folder, "tree/pkg/a.py"), "x = 1\n");
  await writeFile(path.join(folder, "tree/pkg/broken.py"), "def :\n");
  await writeFile(path.join(folder, "tree/pkg/tests/test_a.py"), "y = 2\n");
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function compileTree(cache: string): void {
  execFileSync("python3", ["-I", "-S", "-", cache, path.join(folder, "tree")], { input: bytecodeProgram });
}

const compiled = async (place: string): Promise<string[]> =>
  (await readdir(path.join(folder, "tree", place, "__pycache__")).catch(() => [])).map(
    (name) => name.split(".")[0] ?? "",
  );

test.runIf(hasPython)("modules get unchecked-hash bytecode, broken ones and test suites none", async () => {
  compileTree(path.join(folder, "cache"));

  expect(await compiled("pkg")).toEqual(["a"]);
  expect(await compiled("pkg/tests")).toEqual([]);
  const [name] = await readdir(path.join(folder, "tree/pkg/__pycache__"));
  const bytes = await readFile(path.join(folder, "tree/pkg/__pycache__", name ?? ""));
  expect(bytes.readUInt32LE(4)).toBe(1); // PEP 552: hash-based, not checked against the source
});

test.runIf(hasPython)("a changed module gets other bytecode, and what is gone loses its own", async () => {
  compileTree(path.join(folder, "cache"));
  const file = (await readdir(path.join(folder, "tree/pkg/__pycache__")))[0] ?? "";
  const before = await readFile(path.join(folder, "tree/pkg/__pycache__", file));

  await writeFile(path.join(folder, "tree/pkg/a.py"), "x = 3\n");
  compileTree(path.join(folder, "cache"));
  const after = await readFile(path.join(folder, "tree/pkg/__pycache__", file));
  await rm(path.join(folder, "tree/pkg/a.py"));
  compileTree(path.join(folder, "cache"));

  expect(after.equals(before)).toBe(false);
  expect(await compiled("pkg")).toEqual([]);
});

test.runIf(hasPython)("the cache gives the same bytes as compiling", async () => {
  compileTree(path.join(folder, "cache"));
  const file = (await readdir(path.join(folder, "tree/pkg/__pycache__")))[0] ?? "";
  const fresh = await readFile(path.join(folder, "tree/pkg/__pycache__", file));

  await rm(path.join(folder, "tree/pkg/__pycache__"), { recursive: true });
  compileTree(path.join(folder, "cache"));

  expect((await readFile(path.join(folder, "tree/pkg/__pycache__", file))).equals(fresh)).toBe(true);
});
