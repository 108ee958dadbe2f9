import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { commitTimeSeconds, testEnv, writeFiles } from "./git-fixtures.ts";

const run = promisify(execFile);

/** Whether this host has Mercurial. */
export const hasHg: boolean = (() => {
  try {
    return execFileSync("hg", ["--version", "--quiet"], { env: { ...testEnv, HGPLAIN: "1" } }).length > 0;
  } catch {
    return false;
  }
})();

/** An environment with no hg settings of whoever runs the tests. */
export const hgEnv: Readonly<Record<string, string | undefined>> = { ...testEnv, HGRCPATH: "", HGPLAIN: "1" };

/** Runs hg. @returns what it printed, trimmed */
export async function hg(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run("hg", args, { cwd, env: hgEnv });
  return stdout.trim();
}

/** Commits files with a fixed author and time. @returns the changeset */
export async function hgCommit(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  await writeFiles(root, files);
  const who = ["--user", "A <a@example.org>", "--date", `${commitTimeSeconds} 0`];
  await hg(root, "commit", "--addremove", "--quiet", "--message", "a commit", ...who);
  return hg(root, "identify", "--debug", "--id");
}

/** A new repository with a first changeset of some files. @returns its folder */
export async function makeHgRepository(root: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(root, { recursive: true });
  await hg(root, "init");
  await hgCommit(root, files);
  return root;
}

/** Serves a repository as `/served` with `hg serve` on a free port of loopback. */
export async function serveHg(root: string): Promise<AsyncDisposable & { readonly origin: string }> {
  const args = ["serve", "--address", "127.0.0.1", "--port", "0", "--prefix", "served", "--print-url"];
  const child = spawn("hg", args, { cwd: root, env: hgEnv, stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let url = "";
  for await (const line of createInterface({ input: child.stdout })) {
    url = line.trim();
    break;
  }
  return {
    origin: `http://127.0.0.1:${new URL(url).port}`,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await ended;
    },
  };
}
