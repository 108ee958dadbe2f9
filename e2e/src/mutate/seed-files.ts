import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  packSquashfs,
  readTar,
  writeSif,
  writeTar,
  type EntryContent,
  type SifObjectSource,
  type TreeEntry,
} from "@repo2singularity/image";

/** A sound file that is mutated. */
export interface SeedFile {
  readonly name: string;
  readonly kind: "tar" | "squashfs" | "sif";
  readonly bytes: Uint8Array;
}

const goldenFolder = new URL("../../../packages/image/src/squashfs/golden/", import.meta.url);

/**
 * Small files of every format, from our writers and from the reference programs' golden images. The trees hold links
 * that lead out, so that a mutation of another entry could follow them.
 * @param scratch a folder for files while they are made
 */
export async function makeSeedFiles(scratch: string): Promise<readonly SeedFile[]> {
  const folder = mkdtempSync(join(scratch, "seeds-"));
  try {
    const tar = await collect(writeTar(sampleTree()));
    const seeds: SeedFile[] = [{ name: "tar", kind: "tar", bytes: tar }];
    for (const name of ["gzip", "zstd", "stored", "stored", "tar2sqfs"]) {
      const bytes = readFileSync(new URL(`${name}.sqfs`, goldenFolder));
      seeds.push({ name: `golden ${name}`, kind: "squashfs", bytes });
    }
    for (const compression of ["zstd", "gzip"] as const) {
      const path = join(folder, `${compression}.sqfs`);
      await packSquashfs(sampleTree(), path, { compression, blockSizeBytes: 4096 });
      seeds.push({ name: `squashfs ${compression}`, kind: "squashfs", bytes: readFileSync(path) });
    }
    const sif = join(folder, "seed.sif");
    await writeSif(sif, { objects: sifObjects(), uuid: "01234567-89ab-cdef-0123-456789abcdef", createdSeconds: 0 });
    const again = await collect(writeTar(readTar(oneChunk(tar))));
    seeds.push(
      { name: "sif", kind: "sif", bytes: readFileSync(sif) },
      { name: "tar again", kind: "tar", bytes: again },
    );
    return seeds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function* sampleTree(): AsyncGenerator<TreeEntry> {
  const base = { path: "", mode: 0o755, uid: 0, gid: 0, mtimeSeconds: 1e9, sizeBytes: 0 } as const;
  const xattrs = new Map([["user.note", Buffer.from("a value that is long enough to be shared")]]);
  yield { ...base, type: "directory" };
  yield { ...base, path: "a-link-out", type: "symlink", linkTarget: "../../outside" };
  yield { ...base, path: "absolute", type: "symlink", linkTarget: "/outside" };
  yield { ...base, path: "dir", type: "directory", xattrs };
  yield { ...base, path: "dir/big", type: "file", sizeBytes: 20_000, content: textContent(20_000) };
  yield { ...base, path: "dir/name-of-big", type: "hardlink", linkTarget: "dir/big" };
  yield { ...base, path: "dir/small", type: "file", sizeBytes: 30, content: textContent(30), xattrs, uid: 3_000_000 };
  yield { ...base, path: `dir/${"long-name-".repeat(14)}`, type: "file", sizeBytes: 5, content: textContent(5) };
  yield { ...base, path: "dir/sub", type: "directory" };
  yield { ...base, path: "dir/sub/pipe", type: "fifo" };
  yield { ...base, path: "dir/sub/whiteout", type: "char", device: { major: 0, minor: 0 } };
  yield { ...base, path: "empty", type: "file" };
}

function textContent(sizeBytes: number): EntryContent {
  return {
    async *stream() {
      yield Buffer.from("0123456789 lorem ipsum dolor\n".repeat(Math.ceil(sizeBytes / 29))).subarray(0, sizeBytes);
    },
  };
}

function sifObjects(): SifObjectSource[] {
  const squashfs = readFileSync(new URL("stored.sqfs", goldenFolder));
  const partition = { fileSystem: "squashfs", kind: "primary", architecture: "amd64" } as const;
  return [
    { kind: { type: "definition" }, content: "bootstrap: scratch\n" },
    { kind: { type: "json" }, content: "{}", name: "inspect-metadata.json" },
    { kind: { type: "partition", partition }, content: squashfs },
  ];
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
