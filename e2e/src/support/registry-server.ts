import { execFile, spawn, spawnSync, type SpawnSyncOptionsWithStringEncoding } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeBusyboxTree } from "@repo2singularity/testkit";

/** What a program printed, and how it ended. */
export interface Printed {
  readonly status: number | null;
  /** Both of its outputs. */
  readonly text: string;
}

/** `registry serve` in a process of its own, and a user with clients that are logged in to it. */
export interface RegistryServer extends AsyncDisposable {
  readonly host: string;
  readonly root: string;
  /** Where its database and the admin's token lie. */
  readonly state: string;
  /** A folder of the user's; their home is in it. */
  readonly folder: string;
  /** What the server said on its first start. */
  readonly greeting: string;
  /** The admin's token. */
  readonly token: string;
  /** Runs a client, at most two minutes; `home` is another user of that name. */
  run(program: string, args: readonly string[], home?: string): Printed;
  /** The same while the test goes on, for one that takes part in it. */
  runAside(program: string, args: readonly string[]): Promise<Printed>;
}

const program = path.resolve(import.meta.dirname, "../../../bin/repo2singularity");
const limitMs = 120_000;

/** Whether a program is installed here. */
export function has(name: string): boolean {
  return spawnSync(name, ["--version"]).error === undefined;
}

/** What is not usual of a registry. */
export interface ServerPlace {
  /** Of its images, when that is no folder. */
  readonly root?: string;
  /** Further variables, of the server and of its clients. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a registry on a port that is free, and waits until it says that it serves. */
export async function startRegistryServer({ root: place, env = {} }: ServerPlace = {}): Promise<RegistryServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "r2s-doors-"));
  const state = path.join(folder, "registry");
  const root = place ?? state;
  const words = ["--root", root, "--state", state, "--port", "0", "--log-level", "warn"];
  const serving = await startServing(words, env);
  const { greeting } = serving;
  const options = (home: string): SpawnSyncOptionsWithStringEncoding => {
    const own = path.join(folder, home);
    mkdirSync(path.join(own, "tmp"), { recursive: true });
    const variables = { PATH: process.env["PATH"], HOME: own, APPTAINER_CONFIGDIR: path.join(own, ".apptainer") };
    return { cwd: folder, encoding: "utf8", timeout: limitMs, env: { ...variables, ...env } };
  };
  const fileOf = (name: string): string => (name === "repo2singularity" ? program : name);
  const run: RegistryServer["run"] = (name, args, home = "home") => {
    const { status, stdout, stderr } = spawnSync(fileOf(name), args, options(home));
    return { status, text: `${stdout}${stderr}` };
  };
  const runAside: RegistryServer["runAside"] = (name, args) =>
    new Promise((resolve) => {
      const aside = execFile(fileOf(name), args, options("home"), (_error, stdout, stderr) =>
        resolve({ status: aside.exitCode, text: `${stdout}${stderr}` }),
      );
    });
  return {
    host: /at http:\/\/(\S+)/.exec(greeting)?.[1] ?? "",
    root,
    state,
    folder,
    greeting,
    token: readFileSync(path.join(state, "admin-token"), "utf8").trim(),
    run,
    runAside,
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A process of `registry serve`. */
export interface Serving extends AsyncDisposable {
  /** What it said on its start. */
  readonly greeting: string;
}

/** Starts `registry serve`, and waits until it says that it serves. */
export async function startServing(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Serving> {
  const child = spawn(program, ["registry", "serve", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const greeting = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (/^serving .* at /m.test(text)) resolve(text);
    });
    child.once("exit", () => reject(new Error(`the registry ended: ${text}`)));
  });
  return {
    greeting,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

/** Makes a SIF that apptainer runs: busybox, and a file `/note`. @returns its path */
export async function buildSmallSif(server: RegistryServer, name: string, content: string | Buffer): Promise<string> {
  const tree = path.join(server.folder, `${name}-tree`);
  await makeBusyboxTree(tree);
  writeFileSync(path.join(tree, "note"), content);
  const sif = path.join(server.folder, `${name}.sif`);
  const built = server.run("apptainer", ["build", "--force", "--userns", sif, tree]);
  if (built.status !== 0) throw new Error(`apptainer cannot build ${name}: ${built.text}`);
  return sif;
}
