import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sessionProgram } from "./session-program.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "r2s-session-test-"));
  mkdirSync(join(folder, "image-home"));
  mkdirSync(join(folder, "image-repo/data"), { recursive: true });
  writeFileSync(join(folder, "session.py"), sessionProgram);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs Python lines after the session module was loaded over folders of the test; gives the JSON they print. */
function python(lines: string, env: Record<string, string> = {}): unknown {
  const program = `
import json, os, sys
sys.path.insert(0, ${JSON.stringify(folder)})
import session
session.IMAGE_HOME = ${JSON.stringify(join(folder, "image-home"))}
session.IMAGE_REPO = ${JSON.stringify(join(folder, "image-repo"))}
${lines}`;
  const variables = { PATH: process.env["PATH"] ?? "", TMPDIR: folder, HOME: "/home/host", ...env };
  return JSON.parse(execFileSync("python3", ["-B", "-c", program], { env: variables, encoding: "utf8" }));
}

describe.runIf(hasPython)("a session", () => {
  test("has a private home with what postBuild left, and says nothing to the user's own", () => {
    mkdirSync(join(folder, "image-home/.jupyter"));
    writeFileSync(join(folder, "image-home/.jupyter/settings.py"), "x = 1");
    writeFileSync(join(folder, "image-home/model.bin"), "weights");

    const [home, runtime] = python(
      `session.open_home(); print(json.dumps([os.environ["HOME"], os.environ["JUPYTER_RUNTIME_DIR"]]))`,
    ) as [string, string];

    expect(lstatSync(join(home, "..")).mode & 0o777).toBe(0o700);
    expect(runtime.startsWith(folder)).toBe(true);
    expect(lstatSync(join(home, ".jupyter/settings.py")).isFile()).toBe(true);
    expect(lstatSync(join(home, "model.bin")).isSymbolicLink()).toBe(true);
  });

  test("keeps the user's home when that is asked for", () => {
    const home = python(`session.open_home(); print(json.dumps(os.environ["HOME"]))`, { R2S_USE_HOME: "1" });

    expect(home).toBe("/home/host");
  });

  test("gives Julia a folder to write into and the project of the working copy", () => {
    const repository = join(folder, "image-repo");
    const [depots, project] = python(
      `session.open_home()
copy = session.WorkingCopy(${JSON.stringify(folder)}, False)
session.move_to(copy)
print(json.dumps([os.environ["JULIA_DEPOT_PATH"], os.environ["JULIA_PROJECT"]]))`,
      { JULIA_DEPOT_PATH: "/srv/julia/pkg:/srv/julia/share/julia", JULIA_PROJECT: join(repository, "binder") },
    ) as [string, string];

    expect(depots).toMatch(/^\S+\/r2s-session-\w+\/home\/\.julia:\/srv\/julia\/pkg:\/srv\/julia\/share\/julia$/);
    expect(project).toBe(join(folder, "binder"));
  });

  test("leaves Julia alone in an image that has none", () => {
    const names = python(`session.open_home(); session.move_to(session.WorkingCopy(${JSON.stringify(folder)}, False))
print(json.dumps([name for name in os.environ if name.startswith("JULIA")]))`);

    expect(names).toEqual([]);
  });

  test("is none of a build", () => {
    const session = python(`print(json.dumps(session.open_home()))`, { R2S_BUILD: "1" });

    expect(session).toBeNull();
  });

  test("is removed by the process that made it, and by no other", () => {
    const there = python(
      `folder = session.open_home(); os.environ["R2S_SESSION_OWNER"] = "1"; session.close_home(); a = os.path.exists(folder + "/home")
os.environ["R2S_SESSION_OWNER"] = str(os.getpid()); session.close_home(); print(json.dumps([a, os.path.exists(folder)]))`,
    );

    expect(there).toEqual([true, false]);
  });

  test("works in a folder of the user's choice, which it never overwrites", () => {
    const workspace = join(folder, "mine");
    mkdirSync(workspace);
    writeFileSync(join(workspace, "notes"), "precious");
    writeFileSync(join(folder, "image-repo/notes"), "from the image");

    const path = python(`print(json.dumps(session.open_working_copy().path))`, { R2S_WORKSPACE: workspace });

    expect(path).toBe(workspace);
    expect(readFileSync(join(workspace, "notes"), "utf8")).toBe("precious");
  });

  test("fills a chosen folder that is empty with the repository, all of it writable", () => {
    writeFileSync(join(folder, "image-repo/data/table.csv"), "1", { mode: 0o444 });
    const workspace = join(folder, "new");

    python(`session.open_working_copy(); print("0")`, { R2S_WORKSPACE: workspace });

    expect(lstatSync(join(workspace, "data/table.csv")).mode & 0o777).toBe(0o644);
  });

  test("links large files instead of copying them", () => {
    writeFileSync(join(folder, "image-repo/large"), "0123456789");
    writeFileSync(join(folder, "image-repo/small"), "1");
    const target = join(folder, "copy");

    python(`session.copy_tree(session.IMAGE_REPO, ${JSON.stringify(target)}, 5); print("0")`);

    expect(lstatSync(join(target, "large")).isSymbolicLink()).toBe(true);
    expect(lstatSync(join(target, "small")).isFile()).toBe(true);
  });

  test("knows whether the working copy was changed", () => {
    const changes = python(`
session.open_home()
session.os.access = lambda *_: False  # as in a read-only image
copy = session.open_working_copy()
before = copy.is_changed()
open(copy.path + "/.jupyter-server-log.txt", "w").close()
logged = copy.is_changed()
open(copy.path + "/data/new", "w").close()
print(json.dumps([before, logged, copy.is_changed()]))`);

    expect(changes).toEqual([false, false, true]);
    expect(existsSync(join(folder, "image-repo/data/new"))).toBe(false);
  });
});
