import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import { ensureTool, localFiles, openHttpClient, readHostSettings } from "@repo2singularity/build";
import type { Recipe, Step } from "@repo2singularity/contracts";
import { knownBaseFacts, memoryTree, planRecipe } from "@repo2singularity/recipe";
import { openStore } from "@repo2singularity/store";
import { beforeAll, describe, expect, test } from "vitest";
import { serveCondaChannel } from "./support/conda/conda-channel.ts";
import { makeCondaPackage } from "./support/conda/conda-package.ts";
import { serveAptSnapshots } from "./support/dated/apt-snapshots.ts";
import { servePythonIndex } from "./support/dated/python-index.ts";
import { scratchFolder } from "./support/run-folder.ts";

/**
 * What the steps of a pinned plan set and run, given to the real package managers on loopback servers that speak their
 * protocols. A whole build of a day is made of these, and of a base from the same archive.
 */

const day = "2024-05-01";
const scratch = scratchFolder("date");

function plan(files: Readonly<Record<string, string>>): Recipe {
  const base = knownBaseFacts(`debootstrap:bookworm@${day}`);
  if (base === undefined) throw new Error("bookworm is known");
  return planRecipe(memoryTree(files), { base, platform: "linux/amd64", date: { day, from: "--date" } });
}

function stepOf(recipe: Recipe, group: string, title: RegExp): Extract<Step, { kind: "run" }> {
  const steps = recipe.groups.find(({ name }) => name === group)?.steps ?? [];
  const step = steps.find((one) => one.kind === "run" && title.test(one.title));
  if (step?.kind !== "run") throw new Error(`${group} has no step ${title.source}`);
  return step;
}

let uv = "";
/** How clients of this machine reach the Python index, which the conda step takes its installer from. */
let reach: Record<string, string> = {};

beforeAll(async () => {
  const host = { env: process.env, homeDir: process.env["HOME"] ?? "/", ...localFiles, runner: processRunner };
  const settings = await readHostSettings(host);
  await using client = openHttpClient(settings);
  await using store = await openStore({ directory: path.join(scratch, "store") });
  const certificates = path.join(scratch, "ca.crt");
  writeFileSync(certificates, settings.caBundle);
  const { indexUrl } = settings.python;
  reach = { SSL_CERT_FILE: certificates, ...(indexUrl === undefined ? {} : { UV_DEFAULT_INDEX: indexUrl }) };
  uv = (await ensureTool("uv", { store, client, settings, host, platform: "linux/amd64" })).path;
});

/** Runs a program and gives what it wrote, whether it succeeded or not. */
async function outputOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const result = await processRunner(command, args, {
    env: { PATH: process.env["PATH"], HOME: scratch, LC_ALL: "C", ...env },
    okExitCodes: [0, 1, 2, 100],
  });
  return result.stdout + result.stderr;
}

describe("Python packages of a day", () => {
  const variables = stepOf(plan({ "requirements.txt": "sunrise\n" }), "environment", /Install/).env;
  const resolve = (url: string, env: Readonly<Record<string, string>>): Promise<string> => {
    const file = path.join(scratch, "requirements.in");
    writeFileSync(file, "sunrise\n");
    const words = ["pip", "compile", "--no-cache", "--no-header", "--default-index", `${url}/simple`, file];
    return outputOf(uv, words, { ...env, UV_PYTHON: "/usr/bin/python3", UV_CACHE_DIR: path.join(scratch, "uv") });
  };

  test("are those that were uploaded until its end", async () => {
    await using index = await servePythonIndex("sunrise", [
      ["1.0", "2024-01-01T00:00:00Z"],
      ["1.1", `${day}T23:59:58Z`],
      ["2.0", "2024-05-02T00:00:00Z"],
    ]);

    expect(await resolve(index.url, variables)).toContain("sunrise==1.1\n");
    expect(await resolve(index.url, {})).toContain("sunrise==2.0\n");
  });

  test("cannot be had from an index that does not tell when", async () => {
    await using index = await servePythonIndex("sunrise", [["1.0", undefined]]);

    const output = await resolve(index.url, variables);

    expect(output).not.toContain("sunrise==1.0\n");
    expect(output).toMatch(/missing an upload date|no versions of sunrise|exclude-newer/i);
  });
});

describe.runIf(existsSync("/usr/bin/apt-get"))("packages of the distribution of a day", () => {
  /** A machine of apt's own, whose base came with a newer version; the step's script runs on its files. */
  function makeMachine(url: string): { readonly conf: string } {
    const root = mkdtempSync(path.join(scratch, "apt-"));
    for (const folder of ["etc/sources.list.d", "etc/trusted.gpg.d", "state/lists/partial", "cache/archives/partial"])
      mkdirSync(path.join(root, folder), { recursive: true });
    const installed =
      "Package: sunrise\nStatus: install ok installed\nVersion: 3.0\nArchitecture: all\nMaintainer: x\nDescription: x\n";
    writeFileSync(path.join(root, "state/status"), installed);
    writeFileSync(
      path.join(root, "etc/sources.list"),
      "deb [trusted=yes] http://deb.debian.org/debian bookworm main\n",
    );
    const conf = path.join(root, "apt.conf");
    writeFileSync(
      conf,
      `Dir "${root}";\nDir::Etc "etc";\nDir::State "state";\nDir::State::status "status";\nDir::Cache "cache";\nAPT::Architecture "amd64";\nAPT::Sandbox::User "root";\nAcquire::Languages "none";\n`,
    );
    const { script } = stepOf(plan({}), "system", /^Take packages/);
    const led = script.replaceAll("/etc/apt", path.join(root, "etc")).replaceAll("http://snapshot.debian.org", url);
    execFileSync("/bin/sh", ["-e", "-c", led]);
    return { conf };
  }

  test("are those of its archive, whose lists have expired, and newer ones of the base are brought down", async () => {
    await using server = await serveAptSnapshots("sunrise", "bookworm", [
      ["2024-04-30", "1.0"],
      [day, "2.0"],
    ]);
    const { conf } = makeMachine(server.url);

    const updated = await outputOf("apt-get", ["update"], { APT_CONFIG: conf });
    const policy = await outputOf("apt-cache", ["policy", "sunrise"], { APT_CONFIG: conf });
    const install = await outputOf("apt-get", ["-s", "-y", "install", "sunrise"], { APT_CONFIG: conf });

    expect(updated).not.toMatch(/^E:/m);
    expect(policy).toMatch(/Candidate: 2\.0\n/);
    expect(install).toContain("Inst sunrise [3.0] (2.0 ");
  });
});

describe.runIf(process.arch === "x64" && existsSync("/usr/bin/python3"))("conda packages of a day", () => {
  test("are those that were built until its end: the step itself, with real rattler", async () => {
    const folder = path.join(scratch, "content");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "marker"), "");
    const source = (name: string, version: string, builtAt: string): Parameters<typeof makeCondaPackage>[0] => {
      return { name, version, folder, subdir: "noarch", format: ".tar.bz2", builtAtMs: Date.parse(builtAt) };
    };
    const others = ["python", "pip", "ipykernel"].map((name) => source(name, "3.11", "2023-01-01T00:00:00Z"));
    const archives = [
      ...others,
      source("sunrise", "1.0", `${day}T12:00:00Z`),
      source("sunrise", "2.0", "2024-05-02T00:00:00Z"),
    ].map((one) => makeCondaPackage(one, scratch));
    await using channel = await serveCondaChannel(archives);
    const recipe = plan({ "environment.yml": "channels: [conda-forge, nodefaults]\ndependencies: [sunrise]\n" });
    const step = stepOf(recipe, "environment", /conda environment/);
    const target = path.join(scratch, "conda");
    mkdirSync(path.join(target, "jupyter/bin"), { recursive: true });
    execFileSync("ln", ["-s", "/usr/bin/python3", path.join(target, "jupyter/bin/python")]);
    const script = step.script.replaceAll(/\/(?:srv|tmp)\//g, `${target}/`);

    const output = await outputOf("/bin/sh", ["-e", "-c", script], {
      ...reach,
      ...step.env,
      PATH: `${path.dirname(uv)}:${process.env["PATH"] ?? ""}`,
      R2S_CONDA_MIRRORS: JSON.stringify({ "https://conda.anaconda.org/": `${channel.url}/` }),
    });

    expect(output).toMatch(/^sunrise 1\.0 0$/m);
    expect(readFileSync(path.join(target, "env/conda-meta/sunrise-1.0-0.json"), "utf8")).toContain('"sunrise"');
  });
});
