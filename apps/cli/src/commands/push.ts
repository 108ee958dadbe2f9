import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { AppError, formatSize } from "@repo2singularity/base";
import { openSif } from "@repo2singularity/image";
import {
  parseRemoteReference,
  type PushedImage,
  pushLibrary,
  pushOras,
  putImageObject,
  type RemoteReference,
} from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { transferProgress } from "../output/transfer-progress.ts";
import { openRemoteAccess, type RemoteFlags } from "../remote-access.ts";
import { openWorkbench } from "../workbench.ts";
import { readAttachments } from "./image-attachments.ts";
import { readLayersUpload } from "./image-layers.ts";
import { openStoredPlace } from "./stored-image.ts";

/** Options of `push`. */
export interface PushFlags extends RemoteFlags {
  /** In Go's names: of a library's tags, or of an entry of an index at `oras://`; that of the image when left out. */
  readonly arch?: string;
  /** Of the image in a library. */
  readonly description?: string;
  /** Also to registries that get the whole image besides. */
  readonly layers?: boolean;
  readonly cacheDir?: string;
  /** The result as JSON. */
  readonly json?: boolean;
  /** Another repository of the registry that may have the image already. */
  readonly mountFrom?: string;
}

type Progress = (doneBytes: number, totalBytes: number) => void;

/** `push`: brings a SIF to wherever it is to lie. What is there already is not sent. */
export async function push(file: string, text: string, flags: PushFlags, io: HostIo): Promise<void> {
  const source = path.resolve(io.cwd, file);
  const reference = parseRemoteReference(text, { cwd: io.cwd });
  if (!existsSync(source)) throw new AppError("E_USAGE", `${file}: there is no such file`);
  const architecture = flags.arch ?? (await architectureOf(source));
  const progress = transferProgress(io.stderr, `pushing ${path.basename(source)}`, Date.now);
  let pushed: PushedImage;
  try {
    pushed = await pushTo(reference, { source, architecture, onProgress: progress.report }, flags, io);
  } finally {
    progress.end();
  }
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify({ reference: text, ...pushed })}\n`);
    return;
  }
  io.stdout.write(`${text}: ${formatSize(pushed.sizeBytes)}, ${pushed.digest}${describeSent(pushed)}\n`);
  if (pushed.manifestDigest !== undefined) io.stderr.write(`manifest ${pushed.manifestDigest}\n`);
}

function describeSent({ sentBytes, sizeBytes }: PushedImage): string {
  if (sentBytes === sizeBytes) return "";
  return sentBytes === 0 ? ", nothing had to be sent" : `, ${formatSize(sentBytes)} were sent`;
}

/** Also says that the file is a SIF. @throws E_SIF_INVALID when it is none */
async function architectureOf(source: string): Promise<string> {
  await using sif = await openSif(source);
  const { architecture } = sif.header;
  return architecture === "unknown" ? "amd64" : architecture;
}

async function pushTo(
  reference: RemoteReference,
  image: { readonly source: string; readonly architecture: string; readonly onProgress: Progress },
  flags: PushFlags,
  io: HostIo,
): Promise<PushedImage> {
  const { source, architecture, onProgress } = image;
  if (reference.kind === "file" || reference.kind === "s3") {
    await using place = await openStoredPlace(reference, flags.endpointUrl, io);
    const totalBytes = (await stat(source)).size;
    const put = await putImageObject(place.store, place.name, source, {
      onProgress: (doneBytes) => onProgress(doneBytes, totalBytes),
      signal: io.signal,
    });
    return { ...put, manifestDigest: undefined, sentBytes: put.sizeBytes };
  }
  await using access = await openRemoteAccess(flags, io);
  switch (reference.kind) {
    case "library": {
      const { description } = flags;
      const options = { ...access, architecture, onProgress, ...(description !== undefined && { description }) };
      return await pushLibrary(source, reference, options);
    }
    case "oras": {
      await using bench = await openWorkbench(flags, io);
      return await pushOras(
        source,
        { ...reference, kind: "docker" },
        {
          ...access,
          layers: (digest) => readLayersUpload(source, { store: bench.store, signal: io.signal, digest }),
          attachments: (digest) => readAttachments(source, digest),
          layersAnywhere: flags.layers === true,
          onProgress,
          ...(flags.arch !== undefined && { indexArchitecture: flags.arch }),
          ...(flags.mountFrom !== undefined && { mountFrom: flags.mountFrom }),
        },
      );
    }
    default:
      throw new AppError("E_REFERENCE_INVALID", `${reference.kind}: images are pulled from there, not pushed`, {
        hint: "push to library://, oras://, s3:// or file://",
      });
  }
}
