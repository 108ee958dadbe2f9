import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TreeEntry } from "../../tree/entry.ts";

/** Whether a reference program is on this machine. */
export function has(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v "$1"`, "sh", program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A folder that is removed when the scope ends. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "squashfs-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bytes that do not compress to nothing and are the same in every run. */
export function sampleBytes(sizeBytes: number, seed = "sample"): Buffer {
  const chunks: Buffer[] = [];
  for (let index = 0, filled = 0; filled < sizeBytes; index += 1) {
    const line = Buffer.from(`${index} ${createHash("sha256").update(`${seed}${index}`).digest("hex").slice(0, 12)}\n`);
    chunks.push(line);
    filled += line.length;
  }
  return Buffer.concat(chunks).subarray(0, sizeBytes);
}

/** Makes a folder with every kind of thing an ordinary user can make. */
export function makeSampleTree(root: string): void {
  const write = (path: string, content: Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  write("empty", Buffer.alloc(0));
  write("small.txt", Buffer.from("hello\n"));
  write("one-block", sampleBytes(131_072, "block"));
  write("dir/tail", sampleBytes(300_001, "tail"));
  write("dir/copy-of-tail", sampleBytes(300_001, "tail"));
  write("dir/sub/noise", createHash("sha512").update("noise").digest());
  write("sparse", sampleBytes(10));
  truncateSync(join(root, "sparse"), 1_500_000);
  for (let index = 0; index < 300; index += 1) write(`many/file-${String(index).padStart(4, "0")}`, sampleBytes(index));
  write("names/grüße 漢字", Buffer.from("utf-8"));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/names/latin-`), Buffer.of(0xe9)]), "bytes");
  linkSync(join(root, "dir/tail"), join(root, "dir/tail-link"));
  symlinkSync("dir/sub", join(root, "link"));
  symlinkSync("/small.txt", join(root, "dir/absolute"));
  symlinkSync("loop-b", join(root, "loop-a"));
  symlinkSync("loop-a", join(root, "loop-b"));
  mkdirSync(join(root, "hollow"));
  utimesSync(join(root, "small.txt"), 1_000_000_000, 1_000_000_000);
  lutimesSync(join(root, "link"), 1_100_000_000, 1_100_000_000);
}

/** One line per entry with all that matters, contents as digests, for comparing trees. */
export async function describeEntries(entries: AsyncIterable<TreeEntry>): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of entries) lines.push(await describeEntry(entry));
  return lines;
}

async function describeEntry(entry: TreeEntry): Promise<string> {
  const hash = createHash("sha256");
  if (entry.content !== undefined) for await (const chunk of entry.content.stream()) hash.update(chunk);
  const isHardLink = entry.type === "hardlink";
  return JSON.stringify({
    path: entry.path,
    type: entry.type,
    ...(isHardLink ? {} : { mode: entry.mode, uid: entry.uid, gid: entry.gid }),
    ...(isHardLink ? {} : { mtime: Math.floor(entry.mtimeSeconds), size: entry.sizeBytes }),
    link: entry.linkTarget,
    device: entry.device,
    digest: entry.content === undefined ? undefined : hash.digest("hex"),
    xattrs: [...(entry.xattrs ?? [])].map(([name, value]) => `${name}=${Buffer.from(value).toString("hex")}`).sort(),
  });
}
