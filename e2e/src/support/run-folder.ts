import { chmodSync, mkdtempSync } from "node:fs";
import path from "node:path";

/** The variable through which the run tells its workers where its folder is. */
export const runFolderVariable = "R2S_E2E_FOLDER";

/** The folder of this run of the whole-product tests. */
export function runFolder(): string {
  const folder = process.env[runFolderVariable];
  if (folder === undefined) throw new Error(`${runFolderVariable} is not set: run these tests with npm run e2e`);
  return folder;
}

/** A folder for a file of tests, which everybody may enter. It goes away with the run, for which no test waits. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(path.join(runFolder(), `${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}
