import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** The folder in which a run of tests leaves all its files. */
export interface RunFolder {
  readonly path: string;
  /** Has it removed, for which nobody waits: on a disk that is told of every block it need not keep it takes minutes. */
  remove(): void;
}

/**
 * Makes a folder that everybody may enter, and has those removed that interrupted runs of the same kind left.
 * @param kind of tests: letters
 */
export function makeRunFolder(kind: string): RunFolder {
  const prefix = `repo2singularity-${kind}-`;
  for (const folder of foldersOfTheDead(prefix)) removeLater(folder);
  const folder = mkdtempSync(path.join(tmpdir(), `${prefix}${process.pid}-`));
  chmodSync(folder, 0o755);
  return { path: folder, remove: () => removeLater(folder) };
}

function foldersOfTheDead(prefix: string): readonly string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length).split("-")[0]}`))
    .map((name) => path.join(tmpdir(), name));
}

function removeLater(folder: string): void {
  const words = ["-c", 'chmod -R u+rwX "$1"; rm -rf "$1"', "sh", folder];
  spawn("sh", words, { detached: true, stdio: "ignore" }).unref();
}
