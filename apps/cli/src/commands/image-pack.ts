import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { AppError, formatSize } from "@repo2singularity/base";
import {
  decompressStream,
  fileSource,
  packSquashfs,
  readTar,
  type TreeEntry,
  walkDirectory,
} from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { writeOutput } from "../output/output-file.ts";
import type { PackFlags } from "../options.ts";

/** `image pack`: a folder or a tar archive becomes a squashfs image, owners and times kept. */
export async function pack(source: string, out: string, flags: PackFlags, io: HostIo): Promise<void> {
  const input = path.resolve(io.cwd, source);
  const output = path.resolve(io.cwd, out);
  const entries = await openEntries(input);
  const started = performance.now();
  const summary = await writeOutput(output, flags.force === true, (temporary) =>
    packSquashfs(entries, temporary, {
      compression: flags.compression,
      ...(flags.level === undefined ? {} : { level: flags.level }),
      blockSizeBytes: flags.blockSize,
      signal: io.signal,
    }),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  io.stdout.write(`${out}: ${summary.inodeCount} entries, ${formatSize(summary.sizeBytes)} in ${seconds} s\n`);
}

async function openEntries(input: string): Promise<AsyncIterable<TreeEntry>> {
  const info = await stat(input).catch(() => undefined);
  if (info === undefined) throw new AppError("E_USAGE", `${input}: no such file or folder`);
  if (info.isDirectory()) return walkDirectory(input, { ownership: "keep", mtime: "keep", xattrs: "keep" });
  return readTar(decompressStream(await openBytes(input, info.isFile())));
}

/** A file is read ahead into memory that is used again; a pipe can only be read as it comes. */
async function openBytes(input: string, isFile: boolean): Promise<AsyncIterable<Uint8Array>> {
  if (!isFile) return createReadStream(input, { highWaterMark: 2 ** 20 });
  const source = await fileSource(input);
  return source.read(0, source.sizeBytes);
}
