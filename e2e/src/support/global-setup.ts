import { makeRunFolder } from "@repo2singularity/testkit/run-folder";
import { runFolderVariable } from "./run-folder.ts";
import { prepareUsers } from "./users.ts";

/** Vitest calls this once before all whole-product tests: their users' homes lie in one folder that ends with the run. */
export async function setup(): Promise<() => void> {
  const folder = makeRunFolder("e2e");
  process.env[runFolderVariable] = folder.path;
  await prepareUsers();
  return folder.remove;
}
