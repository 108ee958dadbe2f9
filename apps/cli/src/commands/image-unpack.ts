import { existsSync } from "node:fs";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { extractTree, openImage } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";

/** `image unpack`: the files of an image in a folder that did not exist. */
export async function unpack(source: string, folder: string, io: HostIo): Promise<void> {
  const target = path.resolve(io.cwd, folder);
  if (existsSync(target)) {
    throw new AppError("E_OUTPUT_EXISTS", `${folder} is there already`, { hint: "name a folder that does not exist" });
  }
  const image = await openImage(path.resolve(io.cwd, source));
  try {
    const isRoot = process.getuid?.() === 0;
    await extractTree(image.entries(), target, { ownership: isRoot ? "keep" : "mine", signal: io.signal });
  } finally {
    await image.close();
  }
}
