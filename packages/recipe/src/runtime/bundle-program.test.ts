import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleProgram } from "./bundle-program.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Writes a bundle that holds another text for the module than its file does, so that one sees which is used. */
const writeBundle = `
import bundle, marshal, os, sys
path = sys.path[0] + "/site/module.py"
code = marshal.dumps(compile("value = 'bundle'", path, "exec"))
modules = {"module": (path, 0, len(code), False, os.path.getsize(path))}
sys.path.append(sys.path[0] + "/site")
head = marshal.dumps({"interpreter": bundle.interpreter(), "path": sys.path, "settings": "", "modules": modules}, 2)
with open(sys.path[0] + "/start.bundle", "wb") as file:
    file.write(bundle.MAGIC + len(head).to_bytes(4, "little") + head + code)
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "r2s-bundle-test-"));
  mkdirSync(join(folder, "site"));
  writeFileSync(join(folder, "site/module.py"), "value = 'file'\n");
  writeFileSync(join(folder, "bundle.py"), bundleProgram);
  if (hasPython) python(writeBundle);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function python(code: string): string {
  const program = `import sys; sys.path.insert(0, ${JSON.stringify(folder)})\n${code}`;
  return execFileSync("python3", ["-I", "-S", "-B", "-c", program], { encoding: "utf8" }).trim();
}

function importedFrom(before = ""): string {
  return python(`import bundle
sys.path.append(sys.path[0] + "/site")
${before}
bundle.install(sys.path[0] + "/start.bundle")
import module
print(module.value)`);
}

describe.runIf(hasPython)("the start-up bundle", () => {
  test("gives a module in place of its file", () => {
    expect(importedFrom()).toBe("bundle");
  });

  test("counts for nothing under another search path, where another module may stand first", () => {
    expect(importedFrom("sys.path.insert(1, '/elsewhere')")).toBe("file");
  });

  test("gives way to a file that was changed in a writable image", () => {
    writeFileSync(join(folder, "site/module.py"), "value = 'edited file'\n");

    expect(importedFrom()).toBe("edited file");
  });

  test("names the file in tracebacks and inspection", () => {
    const file = python(`import bundle
sys.path.append(sys.path[0] + "/site")
bundle.install(sys.path[0] + "/start.bundle")
import module, inspect
print(module.__file__, module.__spec__.has_location)`);

    expect(file).toBe(`${join(folder, "site/module.py")} True`);
  });
});
