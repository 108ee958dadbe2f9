import path from "node:path";
import { extractTree, openImage } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";
import { writeOutput } from "../output/output-file.ts";

/** `image unpack`: the files of an image in a folder that did not exist; it appears when everything is in it. */
export async function unpack(source: string, folder: string, io: HostIo): Promise<void> {
  const image = await openImage(path.resolve(io.cwd, source));
  const ownership = process.getuid?.() === 0 ? "keep" : "mine";
  try {
    await writeOutput(path.resolve(io.cwd, folder), false, (temporary) =>
      extractTree(image.entries(), temporary, { ownership, signal: io.signal }),
    );
  } finally {
    await image.close();
  }
}
