import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runFolderVariable } from "./users.ts";

/** Vitest calls this once before all whole-product tests: their users' homes lie in one folder that ends with the run. */
export function setup(): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), "repo2singularity-e2e-"));
  chmodSync(folder, 0o755);
  process.env[runFolderVariable] = folder;
  return () => {
    execFileSync("chmod", ["-R", "u+rwX", folder]);
    rmSync(folder, { recursive: true, force: true });
  };
}
