import { createHash } from "node:crypto";
import { createReadStream, type Dirent } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

/**
 * The identifier that git and Software Heritage give a folder, from names, executable bits, links and contents; empty
 * folders count, as in the archive.
 * Memory: the names of one folder for each level, and 64 KiB.
 * @returns 40 hexadecimal digits
 * Source: git's "tree" objects (git-mktree); SWHID 1.2, section 5.3
 */
export async function gitTreeHash(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const lines = await Promise.all(entries.map((entry) => describeEntry(folder, entry)));
  const sorted = lines.sort((a, b) => Buffer.compare(a.sortKey, b.sortKey));
  const tree = Buffer.concat(
    sorted.flatMap(({ mode, name, hex }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(hex, "hex")]),
  );
  return createHash("sha1").update(`tree ${tree.length}\0`).update(tree).digest("hex");
}

interface TreeLine {
  readonly mode: "40000" | "100644" | "100755" | "120000";
  readonly name: string;
  readonly hex: string;
  /** Git sorts folders as if their names ended in a slash. */
  readonly sortKey: Buffer;
}

async function describeEntry(folder: string, entry: Dirent): Promise<TreeLine> {
  const path = join(folder, entry.name);
  const { name } = entry;
  const sortKey = Buffer.from(entry.isDirectory() ? `${name}/` : name);
  if (entry.isDirectory()) return { mode: "40000", name, hex: await gitTreeHash(path), sortKey };
  if (entry.isSymbolicLink()) {
    const target = Buffer.from(await readlink(path));
    const hex = createHash("sha1").update(`blob ${target.length}\0`).update(target).digest("hex");
    return { mode: "120000", name, hex, sortKey };
  }
  const { mode, size } = await lstat(path);
  const hash = createHash("sha1").update(`blob ${size}\0`);
  // a stream without an encoding gives buffers
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return { mode: (mode & 0o100) === 0 ? "100644" : "100755", name, hex: hash.digest("hex"), sortKey };
}
