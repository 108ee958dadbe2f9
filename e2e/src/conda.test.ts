import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import { ensureTool, localFiles, openHttpClient, readHostSettings } from "@repo2singularity/build";
import { openStore } from "@repo2singularity/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRepository, giveTo } from "./support/clones.ts";
import { type CondaChannel, serveCondaChannel } from "./support/conda/conda-channel.ts";
import type { CondaArchive } from "./support/conda/conda-package.ts";
import { condaLock, pixiLock, publicUrl } from "./support/conda/conda-locks.ts";
import { makeCondaPackages, makeNewerGreet, packedPython } from "./support/conda/conda-packages.ts";
import { jupyterClient } from "./support/jupyter-client.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { startSession } from "./support/session.ts";
import { leastUser, type User } from "./support/users.ts";

const isPossible = process.arch === "x64" && existsSync(packedPython);
const scratch = scratchFolder("conda");
let archives: readonly CondaArchive[] = [];
let channel: CondaChannel | undefined;

beforeAll(async () => {
  if (!isPossible) return;
  const host = { env: process.env, homeDir: process.env["HOME"] ?? "/", ...localFiles, runner: processRunner };
  const settings = await readHostSettings(host);
  await using client = openHttpClient(settings);
  await using store = await openStore({ directory: path.join(scratch, "store") });
  const uv = await ensureTool("uv", { store, client, settings, host, platform: "linux/amd64" });
  archives = makeCondaPackages(path.join(scratch, "packages"), uv.path);
  channel = await serveCondaChannel(archives);
});

afterAll(async () => {
  await channel?.[Symbol.asyncDispose]();
});

/** The real addresses stand in the repository; the user's configuration leads them to the channel of this test. */
function makeRepository(user: User, name: string, files: Readonly<Record<string, string>>): string {
  setMirrors(user, { conda: channel?.url });
  const folder = path.join(mkdtempSync(path.join(user.home, `${name}-`)), name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  giveTo(user, path.dirname(folder));
  return folder;
}

function archivesOf(...names: readonly string[]): readonly CondaArchive[] {
  return archives.filter(({ record }) => names.includes(String(record["name"])));
}

const environment = `name: measures
channels:
  - conda-forge
dependencies:
  - python>=3.9
  - greet>=1,<2
  - conda-forge::tool=1.0=0
  - pip
  - pip:
      - six==1.16.0
variables:
  COLOUR: blue
`;

const lookAround = `
import greet, json, os, shutil, six, sys
print(json.dumps({"python": sys.executable, "prefix": sys.prefix, "greet": greet.__file__, "tool": shutil.which("tool"),
 "TOOL_HOME": os.environ.get("TOOL_HOME"), "COLOUR": os.environ.get("COLOUR"), "CONDA_PREFIX": os.environ.get("CONDA_PREFIX"),
 "data": shutil.which("data", os.R_OK), "six": six.__version__}))`;
import { scratchFolder } from "./support/run-folder.ts";
import { setMirrors } from "./support/user-config.ts";

describe.runIf(isPossible).each([leastUser()])("a conda environment, built by $name", (user) => {
  let repository = "";

  beforeAll(async () => {
    repository = makeRepository(user, "conda", { "environment.yml": environment });
    const built = await repo2singularity(user, ["--force", "--image-name", "conda", repository]);
    expect(built.stderr + built.stdout).toContain("conda.sif");
    expect(built.status).toBe(0);
  });

  test("runs notebooks with its packages, commands, activation and variables", async () => {
    await using session = await startSession(user, ["--image-name", "conda", repository]);
    const seen = JSON.parse(await jupyterClient(session.url).execute(lookAround)) as Record<string, unknown>;

    expect(seen).toMatchObject({
      prefix: "/srv/env",
      tool: "/srv/env/bin/tool",
      TOOL_HOME: "/srv/env/share/tool",
      COLOUR: "blue",
      CONDA_PREFIX: "/srv/env",
      data: "/srv/env/share/tool/data",
      six: "1.16.0",
    });
    expect(seen["python"]).toMatch(/^\/srv\/env\/bin\/python/);
    expect(seen["greet"]).toMatch(/^\/srv\/env\/lib\/python3\.\d+\/site-packages\/greet\.py$/);
  });

  test("has commands, replaced prefixes, link scripts run, and no trace of where packages came from", async () => {
    const image = path.join(user.home, "conda.sif");
    const script = "greet; tool; cat /srv/env/share/tool-linked; grep -rl 127.0.0.1 /srv/env/conda-meta | wc -l";
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "sh", "-c", script]);

    expect(ran).toMatchObject({ status: 0, stdout: "hello\n/srv/env/share/tool\nlinked\n0\n" });
  });

  test("says which conda packages it has", async () => {
    const inspected = await repo2singularity(user, ["inspect", path.join(user.home, "conda.sif"), "--json"]);
    const { packages } = JSON.parse(inspected.stdout) as { packages: object[] };

    const greet = { manager: "conda", name: "greet", version: "1.5=0", prefix: "/srv/env" };
    expect(packages).toContainEqual(expect.objectContaining(greet));
  });

  test("is built from a list of addresses, the kernel of which comes from the Python index", async () => {
    const lines = archivesOf("python", "greet", "tool").map(
      (archive) => `${publicUrl(archive)}#${String(archive.record["md5"])}`,
    );
    const list = ["# platform: linux-64", "@EXPLICIT", ...lines, ""].join("\n");
    const listed = makeRepository(user, "explicit", { "conda-linux-64.lock": list });
    const built = await repo2singularity(user, ["--force", "--image-name", "explicit", listed]);
    expect(built).toMatchObject({ status: 0 });

    const code = "import greet, ipykernel, sys; print(sys.prefix)";
    const image = path.join(user.home, "explicit.sif");
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "python", "-c", code]);

    expect(ran).toMatchObject({ status: 0, stdout: "/srv/env\n" });
  });

  test("is built from a pixi.lock beside its pixi.toml, with its package of the Python index", async () => {
    const project = exampleRepository(user, "pixi");
    writeFileSync(path.join(project, "pixi.lock"), pixiLock(archivesOf("python", "ipykernel", "pip", "tabulate")));
    const built = await repo2singularity(user, ["--force", project]);
    expect(built.status, built.stderr).toBe(0);

    const ran = await runAs(user, "apptainer", ["run", "--userns", path.join(user.home, "pixi.sif"), "./verify"]);

    expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: "pixi: ok\n" });
  });

  test("is built from a conda-lock.yml, and the environment.yml that it was made of is not solved again", async () => {
    const locked = exampleRepository(user, "conda-lock");
    appendFileSync(path.join(locked, "environment.yml"), "  - a-package-that-nobody-has\n");
    const lock = condaLock(archivesOf("python", "ipykernel", "pip", "tabulate"));
    writeFileSync(path.join(locked, "conda-lock.yml"), lock);
    const built = await repo2singularity(user, ["--force", locked]);
    expect(built.status, built.stderr).toBe(0);

    const image = path.join(user.home, "conda-lock.sif");
    const ran = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);

    expect(ran, ran.stderr).toMatchObject({ status: 0, stdout: "conda-lock: ok\n" });
  });

  test("is built again from its lock, to the same bytes, though a newer version came out", async () => {
    await using newer = await serveCondaChannel([...archives, makeNewerGreet(path.join(scratch, "newer"))]);
    setMirrors(user, { conda: newer.url });
    const again = await repo2singularity(user, ["--image-name", "again", "--locked", "conda.sif", repository]);
    const images = ["conda.sif", "again.sif"].map((name) => readFileSync(path.join(user.home, name)));

    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(newer.requests.some((url) => url.includes("repodata"))).toBe(true);
    expect(images[0]?.equals(images[1] ?? Buffer.of())).toBe(true);
  });
});
