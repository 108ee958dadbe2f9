import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TreeEntry } from "../tree/entry.ts";
import { readTar } from "./read-tar.ts";

/** A tree with everything that a user may make; the folder is filled by a script so that readers see what is in it. */
const treeScript = String.raw`
set -e
mkdir -p dir/empty; chmod 2750 dir/empty
printf 'hello\n' > dir/file; ln dir/file dir/other-name; ln -s ../somewhere dir/link
: > dir/nothing
mkfifo dir/pipe
printf x > "dir/$(printf 'latin-\351')"; printf y > dir/ünïcode
long=$(printf 'n%.0s' $(seq 120)); mkdir "$long"; printf long > "$long/$long"; ln "$long/$long" "$long/hard"
ln -s "$(printf 't%.0s' $(seq 150))" dir/long-link
truncate -s 3000000 dir/sparse
printf 'start' | dd of=dir/sparse conv=notrunc status=none
for at in 65536 200000 400000 600000 800000 1000000 1200000; do printf "at $at" | dd of=dir/sparse bs=1 seek=$at conv=notrunc status=none; done
touch -d '2001-02-03T04:05:06.125Z' dir/file
touch -d '1950-01-01T00:00:00Z' dir/nothing
`;

const forms: readonly { readonly name: string; readonly args: readonly string[]; readonly skipsNothing: boolean }[] = [
  { name: "gnu", args: ["--format=gnu"], skipsNothing: true },
  { name: "oldgnu", args: ["--format=oldgnu"], skipsNothing: true },
  { name: "posix", args: ["--format=posix"], skipsNothing: true },
  { name: "gnu sparse", args: ["--format=gnu", "--sparse"], skipsNothing: true },
  { name: "posix sparse 0.0", args: ["--format=posix", "--sparse", "--sparse-version=0.0"], skipsNothing: true },
  { name: "posix sparse 0.1", args: ["--format=posix", "--sparse", "--sparse-version=0.1"], skipsNothing: true },
  { name: "posix sparse 1.0", args: ["--format=posix", "--sparse", "--sparse-version=1.0"], skipsNothing: true },
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/read-tar-`);
  execFileSync("sh", ["-c", treeScript], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" },
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

function gnuTar(args: readonly string[], options: { readonly exclude?: readonly string[] } = {}): Buffer {
  const excludes = (options.exclude ?? []).map((name) => `--exclude=${name}`);
  return execFileSync("tar", ["-c", "-C", folder, "--sort=name", ...args, ...excludes, "."], {
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" },
    maxBuffer: 2 ** 26,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

async function* chunked(archive: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < archive.length; at += chunkBytes) yield archive.slice(at, at + chunkBytes);
}

interface Read {
  readonly entry: TreeEntry;
  readonly bytes: Buffer;
}

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Map<string, Read>> {
  const all = new Map<string, Read>();
  for await (const entry of readTar(source)) {
    const chunks: Uint8Array[] = [];
    if (entry.content !== undefined)
      for await (const chunk of entry.content.stream()) chunks.push(Uint8Array.from(chunk));
    all.set(entry.path, { entry, bytes: Buffer.concat(chunks) });
  }
  return all;
}

describe("readTar", () => {
  test.each(forms)("reads what GNU tar writes as $name", async ({ args }) => {
    const archive = gnuTar(args);
    for (const chunkBytes of [archive.length, 10_240, 700]) {
      const all = await readAll(chunked(archive, chunkBytes));

      expect(all.get("")?.entry.type).toBe("directory");
      expect(all.get("dir/empty")?.entry).toMatchObject({ type: "directory", mode: 0o2750, sizeBytes: 0 });
      expect(all.get("dir/file")?.bytes.toString()).toBe("hello\n");
      expect(all.get("dir/other-name")?.entry).toMatchObject({ type: "hardlink", linkTarget: "dir/file" });
      expect(all.get("dir/link")?.entry).toMatchObject({ type: "symlink", linkTarget: "../somewhere" });
      expect(all.get("dir/long-link")?.entry.linkTarget).toBe("t".repeat(150));
      expect(all.get("dir/nothing")?.entry).toMatchObject({ sizeBytes: 0, mtimeSeconds: -631_152_000 });
      expect(all.get("dir/pipe")?.entry.type).toBe("fifo");
      expect(all.get("dir/latin-\udce9")?.bytes.toString()).toBe("x");
      expect(all.get("dir/ünïcode")?.bytes.toString()).toBe("y");
      const long = "n".repeat(120);
      expect(all.get(`${long}/hard`)?.bytes.toString()).toBe("long");
      expect(all.get(`${long}/${long}`)?.entry).toMatchObject({ type: "hardlink", linkTarget: `${long}/hard` });
      const sparse = all.get("dir/sparse");
      expect(sparse?.entry.sizeBytes).toBe(3_000_000);
      expect(sparse?.bytes.length).toBe(3_000_000);
      expect(sparse?.bytes.toString("latin1", 1_000_000, 1_000_010)).toBe("at 1000000");
      expect(sparse?.bytes.toString("latin1", 0, 5)).toBe("start");
    }
  });

  test("keeps fractions of seconds of pax headers", async () => {
    const all = await readAll(chunked(gnuTar(["--format=posix"]), 65_536));

    expect(all.get("dir/file")?.entry.mtimeSeconds).toBe(981_173_106.125);
  });

  test.each(["ustar", "v7"])("reads what GNU tar writes as %s", async (format) => {
    const archive = gnuTar([`--format=${format}`], { exclude: ["nnn*", "long-link", "nothing", "pipe"] });
    const all = await readAll(chunked(archive, 4096));

    expect(all.get("dir/file")?.bytes.toString()).toBe("hello\n");
    expect(all.get("dir/empty")?.entry.type).toBe("directory");
    expect(all.get("dir/other-name")?.entry.linkTarget).toBe("dir/file");
  });
});
