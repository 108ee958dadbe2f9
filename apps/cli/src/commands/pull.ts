import { existsSync } from "node:fs";
import path from "node:path";
import { AppError, formatSize } from "@repo2singularity/base";
import { detectImageFormat } from "@repo2singularity/image";
import {
  convertImage,
  downloadImage,
  type DownloadedImage,
  parseRemoteReference,
  platformOf,
  type RemoteImage,
  type RemoteReference,
  resolveRemoteImage,
  resolveStoredImage,
  type SifReference,
} from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { openRemoteAccess, type RemoteFlags } from "../remote-access.ts";
import { registryAccess } from "../registry-access.ts";
import { writeOutput } from "../output/output-file.ts";
import { transferProgress } from "../output/transfer-progress.ts";
import { openWorkbench } from "../workbench.ts";
import { type ComposedDownload, tryPullByLayers } from "./image-layers.ts";
import { openStoredPlace, type StoredReference } from "./stored-image.ts";

/** Options of `pull`. */
export interface PullFlags extends RemoteFlags {
  readonly output?: string;
  /** In Go's names; that of this machine when left out. */
  readonly arch?: string;
  readonly force?: boolean;
  /** The result as JSON. */
  readonly json?: boolean;
  /** Never by layers. */
  readonly whole?: boolean;
  readonly cacheDir?: string;
}

/** `pull`: fetches an image from wherever it lies, checked by its digest. */
export async function pull(text: string, flags: PullFlags, io: HostIo): Promise<void> {
  const reference = parseRemoteReference(text, { cwd: io.cwd });
  const output = path.resolve(io.cwd, flags.output ?? defaultName(reference));
  if (existsSync(output) && flags.force !== true) {
    throw new AppError("E_OUTPUT_EXISTS", `${output} is there already`, {
      hint: "choose another name with --output, or add --force",
    });
  }
  const shown = path.relative(io.cwd, output);
  if (reference.kind === "docker") {
    const made = await convertDocker(text, output, flags, io);
    io.stdout.write(`${shown}: ${formatSize(made.sizeBytes)}\n`);
    return;
  }
  const got = await download(reference, output, flags, io);
  if (flags.json === true) {
    const { digest, sizeBytes, isVerified, fetchedBytes = sizeBytes } = got;
    io.stdout.write(`${JSON.stringify({ file: output, digest, sizeBytes, fetchedBytes, isVerified })}\n`);
    return;
  }
  const fetched = got.fetchedBytes === undefined ? "" : `, of which ${formatSize(got.fetchedBytes)} were fetched`;
  io.stdout.write(`${shown}: ${formatSize(got.sizeBytes)}, ${got.digest}${fetched}\n`);
  if (!got.isVerified) io.stderr.write("note: there is no checksum beside the image, so only its length was checked\n");
}

async function download(
  reference: SifReference | StoredReference,
  output: string,
  flags: PullFlags,
  io: HostIo,
): Promise<DownloadedImage & Partial<ComposedDownload>> {
  if (reference.kind === "file" || reference.kind === "s3") {
    await using place = await openStoredPlace(reference, flags.endpointUrl, io);
    const { store, name, shown } = place;
    return await downloadTo(output, await resolveStoredImage(store, name, shown, io.signal), io);
  }
  await using access = await openRemoteAccess(flags, io);
  const platform = { os: "linux", architecture: flags.arch ?? platformOf(process.arch).architecture };
  const remote = await resolveRemoteImage(reference, platform, access);
  const composed = flags.whole === true ? undefined : await composeTo(output, remote, flags, io);
  return composed ?? (await downloadTo(output, remote, io));
}

async function composeTo(
  output: string,
  remote: RemoteImage,
  flags: PullFlags,
  io: HostIo,
): Promise<ComposedDownload | undefined> {
  if (remote.layers === undefined) return undefined;
  await using bench = await openWorkbench(flags, io);
  const progress = transferProgress(io.stderr, `pulling ${path.basename(output)}`, Date.now);
  try {
    return await tryPullByLayers(remote, output, bench.store, { ...io, onProgress: progress.report });
  } finally {
    progress.end();
  }
}

async function downloadTo(output: string, remote: RemoteImage, io: HostIo): Promise<DownloadedImage> {
  const progress = transferProgress(io.stderr, `pulling ${path.basename(output)}`, Date.now);
  try {
    return await downloadImage(remote, output, {
      onProgress: progress.report,
      check: requireSif,
      signal: io.signal,
    });
  } finally {
    progress.end();
  }
}

/** What web servers answer instead of an image is often a page. */
async function requireSif(file: string): Promise<void> {
  const format = await detectImageFormat(file);
  if (format === "sif") return;
  throw new AppError("E_IMAGE_FORMAT", `what was fetched is a ${format} image, expected a SIF`, {
    hint: "fetch it with curl and make a SIF of it: repo2singularity image convert",
  });
}

async function convertDocker(
  text: string,
  output: string,
  flags: PullFlags,
  io: HostIo,
): ReturnType<typeof convertImage> {
  const access = await registryAccess(io);
  return writeOutput(output, flags.force === true, (temporary) =>
    convertImage(text, temporary, {
      ...access,
      ...(flags.arch !== undefined && { platform: { os: "linux", architecture: flags.arch } }),
      compression: "zstd",
      blockSizeBytes: 131_072,
      cwd: io.cwd,
      signal: io.signal,
    }),
  );
}

/** As apptainer names them: `NAME_TAG.sif`. */
function defaultName(reference: RemoteReference): string {
  const named = (name: string, tag: string): string => `${path.basename(name)}_${tag.replaceAll("/", "-")}.sif`;
  switch (reference.kind) {
    case "library":
      return named(reference.path, reference.tags[0]);
    case "oras":
    case "docker":
      return named(reference.repository, reference.tag ?? reference.digest?.slice(7, 19) ?? "latest");
    case "shub":
      return named(reference.name, reference.tag);
    case "web":
      return path.basename(decodeURIComponent(new URL(reference.url).pathname)) || "image.sif";
    case "s3":
      return path.basename(reference.key);
    default:
      return path.basename(reference.path);
  }
}
