import path from "node:path";
import { printable } from "@repo2singularity/base";
import { openImage, type TreeEntry } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";

/** `image list`: one line an entry, as `ls -l` shows it, or one JSON object a line. */
export async function list(source: string, flags: { readonly json?: boolean }, io: HostIo): Promise<void> {
  const image = await openImage(path.resolve(io.cwd, source));
  try {
    for await (const entry of image.entries()) {
      io.signal.throwIfAborted();
      io.stdout.write(`${flags.json === true ? jsonLine(entry) : textLine(entry)}\n`);
    }
  } finally {
    await image.close();
  }
}

const typeLetters: Readonly<Record<TreeEntry["type"], string>> = {
  file: "-",
  hardlink: "-",
  directory: "d",
  symlink: "l",
  char: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

function textLine(entry: TreeEntry): string {
  const size = entry.device === undefined ? String(entry.sizeBytes) : `${entry.device.major},${entry.device.minor}`;
  const time = new Date(entry.mtimeSeconds * 1000).toISOString().slice(0, 19);
  const arrow = entry.type === "symlink" ? " -> " : " = ";
  const link = entry.linkTarget === undefined ? "" : `${arrow}${entry.linkTarget}`;
  const name = printable(`/${entry.path}${link}`).replaceAll("\n", "\\x0a");
  return `${typeLetters[entry.type]}${permissions(entry.mode)} ${entry.uid}/${entry.gid} ${size.padStart(10)} ${time} ${name}`;
}

function permissions(mode: number): string {
  const letters = Array.from("rwxrwxrwx", (letter, index) => ((mode & (0o400 >> index)) === 0 ? "-" : letter));
  const special: ReadonlyArray<readonly [number, number, string]> = [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ];
  for (const [bit, place, letter] of special) {
    if ((mode & bit) !== 0) letters[place] = letters[place] === "x" ? letter : letter.toUpperCase();
  }
  return letters.join("");
}

function jsonLine(entry: TreeEntry): string {
  const { content: _content, xattrs, ...rest } = entry;
  return JSON.stringify({ ...rest, ...(xattrs === undefined ? {} : { xattrs: [...xattrs.keys()] }) });
}
