import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runFolderVariable } from "./run-folder.ts";
import { prepareUsers } from "./users.ts";

/** Vitest calls this once before all whole-product tests: their users' homes lie in one folder that ends with the run. */
export async function setup(): Promise<() => void> {
  const folder = mkdtempSync(path.join(tmpdir(), "repo2singularity-e2e-"));
  chmodSync(folder, 0o755);
  process.env[runFolderVariable] = folder;
  await prepareUsers();
  return () => {
    // on a disk that is told of every block it need not keep, this takes minutes, for which nobody should wait
    const words = ["-c", 'chmod -R u+rwX "$1"; rm -rf "$1"', "sh", folder];
    spawn("sh", words, { detached: true, stdio: "ignore" }).unref();
  };
}
