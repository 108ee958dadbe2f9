import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runFolderVariable } from "./run-folder.ts";
import { prepareUsers } from "./users.ts";

const prefix = "repo2singularity-e2e-";

/** Vitest calls this once before all whole-product tests: their users' homes lie in one folder that ends with the run. */
export async function setup(): Promise<() => void> {
  for (const folder of foldersOfTheDead()) removeLater(folder);
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
  chmodSync(folder, 0o755);
  process.env[runFolderVariable] = folder;
  await prepareUsers();
  return () => removeLater(folder);
}

/** What runs left that were interrupted: many gigabytes. */
function foldersOfTheDead(): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length).split("-")[0]}`))
    .map((name) => path.join(tmpdir(), name));
}

/** On a disk that is told of every block it need not keep, this takes minutes, for which nobody should wait. */
function removeLater(folder: string): void {
  const words = ["-c", 'chmod -R u+rwX "$1"; rm -rf "$1"', "sh", folder];
  spawn("sh", words, { detached: true, stdio: "ignore" }).unref();
}
