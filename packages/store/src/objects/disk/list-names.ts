import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { orAbsent } from "../../failure.ts";
import { compareNames, uploadsFolder } from "../object-name.ts";
import { onDisk } from "./disk-failure.ts";

/**
 * The names of all objects below a folder that begin with a prefix, in the order of object storage.
 * Memory: the entries of one folder on each level.
 */
export async function* listNames(root: string, prefix: string): AsyncGenerator<string> {
  const top = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  if (top.split("/").includes("..")) return; // no name begins so
  yield* listBelow(root, top, prefix);
}

async function* listBelow(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  const path = join(root, folder);
  const entries = (await onDisk(path, () => orAbsent(readdir(path, { withFileTypes: true })))) ?? [];
  // a folder stands where its objects do: `a.b` comes before `a/c`, because `.` comes before `/`
  const names = entries.flatMap((entry) => nameOf(entry)).toSorted(compareNames);
  for (const name of names) {
    const whole = folder + name;
    if (whole === `${uploadsFolder}/`) continue;
    if (!name.endsWith("/")) {
      if (whole.startsWith(prefix)) yield whole;
    } else if (whole.startsWith(prefix) || prefix.startsWith(whole)) {
      yield* listBelow(root, whole, prefix);
    }
  }
}

function nameOf(entry: Dirent): readonly string[] {
  if (entry.isDirectory()) return [`${entry.name}/`];
  return entry.isFile() ? [entry.name] : []; // links and sockets are not ours
}
