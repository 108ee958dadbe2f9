import { existsSync } from "node:fs";
import { chmod, mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../tree/remove-tree.ts";
import type { ExecutorHost } from "./host.ts";

/** Makes fresh `tmp` and `var-tmp` in a scratch folder: every command of a step starts with empty ones. */
export async function refreshTemporaryFolders(host: ExecutorHost, scratchDir: string): Promise<void> {
  for (const name of ["tmp", "var-tmp"]) {
    const path = join(scratchDir, name);
    // mostly it is empty or not there yet, which spares starting a program
    await rmdir(path).catch(() => (existsSync(path) ? removeTree(host, path) : undefined));
    await mkdir(path);
    await chmod(path, 0o1777); // mkdir's mode is cut by the umask
  }
}
