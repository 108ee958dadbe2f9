import { spawn, spawnSync } from "node:child_process";
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
  /** A folder of the user's; their home is in it. */
  readonly folder: string;
  /** What the server said on its first start. */
  readonly greeting: string;
  /** The admin's token. */
  readonly token: string;
  /** Runs a client, at most two minutes; `home` is another user of that name. */
  run(program: string, args: readonly string[], home?: string): Printed;
}

const program = path.resolve(import.meta.dirname, "../../../bin/repo2singularity");
const limitMs = 120_000;

/** Whether a program is installed here. */
export function has(name: string): boolean {
  return spawnSync(name, ["--version"]).error === undefined;
}

/** Starts a registry on a port that is free, and waits until it says that it serves. */
export async function startRegistryServer(): Promise<RegistryServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "r2s-doors-"));
  const root = path.join(folder, "registry");
  const child = spawn(program, ["registry", "serve", "--root", root, "--port", "0", "--log-level", "warn"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const greeting = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (/^serving .* at /m.test(text)) resolve(text);
    });
    child.once("exit", () => reject(new Error(`the registry ended: ${text}`)));
  });
  const run = (name: string, args: readonly string[], home = "home"): Printed => {
    const place = path.join(folder, home);
    mkdirSync(path.join(place, "tmp"), { recursive: true });
    const { status, stdout, stderr } = spawnSync(name === "repo2singularity" ? program : name, args, {
      cwd: folder,
      encoding: "utf8",
      timeout: limitMs,
      env: { PATH: process.env["PATH"], HOME: place, APPTAINER_CONFIGDIR: path.join(place, ".apptainer") },
    });
    return { status, text: `${stdout}${stderr}` };
  };
  return {
    host: /at http:\/\/(\S+)/.exec(greeting)?.[1] ?? "",
    root,
    folder,
    greeting,
    token: readFileSync(path.join(root, "admin-token"), "utf8").trim(),
    run,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
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
