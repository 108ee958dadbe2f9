import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bytecodeProgram } from "./bytecode-program.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "r2s-bytecode-test-"));
  mkdirSync(join(folder, "lib/package"), { recursive: true });
  writeFileSync(join(folder, "lib/package/__init__.py"), "name = 'package'\n");
  writeFileSync(join(folder, "lib/package/module.py"), "def f(x):\n    return x + 1\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function compile(cache = "-"): void {
  execFileSync("python3", ["-I", "-S", "-", cache, join(folder, "lib")], { input: bytecodeProgram });
}

function compiled(): Map<string, Buffer> {
  const cache = join(folder, "lib/package/__pycache__");
  return new Map(readdirSync(cache).map((name) => [name.split(".")[0] ?? "", readFileSync(join(cache, name))]));
}

function python(code: string): string {
  return execFileSync(
    "python3",
    ["-I", "-S", "-c", `import sys; sys.path.insert(0, ${JSON.stringify(join(folder, "lib"))})\n${code}`],
    {
      encoding: "utf8",
    },
  ).trim();
}

describe.runIf(hasPython)("bytecode", () => {
  test("is unchecked, so that a module's time never counts", () => {
    compile();
    utimesSync(join(folder, "lib/package/module.py"), 0, 0);

    expect(compiled().get("module")?.readUInt32LE(4)).toBe(1);
    expect(python("import package.module as m; print(m.f(1))")).toBe("2");
  });

  test("has the same bytes from the cache, and after another module was compiled", () => {
    const cache = join(folder, "cache");
    mkdirSync(cache);
    compile(cache);
    const first = compiled();
    rmSync(join(folder, "lib/package/__pycache__"), { recursive: true });
    compile(cache);
    const cached = compiled();
    rmSync(join(folder, "lib/package/__pycache__"), { recursive: true });
    writeFileSync(join(folder, "lib/package/a.py"), "class Other:\n    x = 'module'\n");
    compile();

    expect(cached).toEqual(first);
    expect(compiled().get("module")).toEqual(first.get("module"));
  });

  test("follows a changed source, and goes with a removed one", () => {
    compile();
    writeFileSync(join(folder, "lib/package/module.py"), "def f(x):\n    return x + 2\n");
    compile();

    expect(python("import package.module as m; print(m.f(1))")).toBe("3");
    rmSync(join(folder, "lib/package/module.py"));
    compile();
    expect([...compiled().keys()]).toEqual(["__init__"]);
  });

  test("replaces what a package manager compiled with a time in it", () => {
    python(
      "import py_compile, sys; py_compile.compile(sys.path[0] + '/package/module.py', invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)",
    );

    compile();

    expect(compiled().get("module")?.readUInt32LE(4)).toBe(1);
  });

  test("passes over a file that is no Python of this version", () => {
    writeFileSync(join(folder, "lib/package/old.py"), "print 'hello'\n");

    compile();

    expect([...compiled().keys()].toSorted()).toEqual(["__init__", "module"]);
  });
});
