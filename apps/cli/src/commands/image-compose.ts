import { createHash } from "node:crypto";
import path from "node:path";
import { formatSize } from "@repo2singularity/base";
import {
  type Composition,
  openImage,
  planComposition,
  type SquashfsImage,
  uuidFromContent,
  writeComposition,
  writeSif,
} from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { writeOutput } from "../output/output-file.ts";

/** `image compose`: layers, bottom first, become one image; compressed data is copied as it is. */
export async function compose(
  out: string,
  layers: readonly string[],
  flags: { readonly force?: boolean },
  io: HostIo,
): Promise<void> {
  const images: SquashfsImage[] = [];
  try {
    for (const layer of layers) images.push(await openImage(path.resolve(io.cwd, layer)));
    const composition = await planComposition(images, { signal: io.signal });
    const write = out.endsWith(".sif") ? writePlainSif : writeComposition;
    await writeOutput<unknown>(path.resolve(io.cwd, out), flags.force === true, (temporary) =>
      write(composition, temporary, { signal: io.signal }),
    );
    for (const note of composition.notes) io.stderr.write(`note: ${note}\n`);
    io.stdout.write(`${out}: ${formatSize(composition.sizeBytes)} of ${layers.length} layers\n`);
  } finally {
    await Promise.all(images.map((image) => image.close()));
  }
}

/** A SIF with nothing but the composed image, for the architecture of this machine. */
async function writePlainSif(
  composition: Composition,
  file: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of composition.read(0, composition.sizeBytes)) hash.update(chunk);
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  await writeSif(file, {
    uuid: uuidFromContent(hash.digest("hex")),
    createdSeconds: 0,
    objects: [
      {
        kind: { type: "partition", partition: { kind: "primary", fileSystem: "squashfs", architecture } },
        content: composition,
      },
    ],
    signal: options.signal,
  });
}
