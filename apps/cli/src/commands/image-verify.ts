import path from "node:path";
import { isAppError } from "@repo2singularity/base";
import { openImage, verifySquashfs } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";

/** What reading a whole image has shown. */
export type StructureReport = Awaited<ReturnType<typeof verifySquashfs>>;

/** `image verify`: reads everything; answers 1 when something is wrong. */
export async function verify(source: string, flags: { readonly json?: boolean }, io: HostIo): Promise<number> {
  const report = await readWhole(path.resolve(io.cwd, source), io.signal);
  if (flags.json === true) io.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    for (const problem of report.problems) io.stdout.write(`${source}: ${problem}\n`);
    io.stdout.write(`${source}: ${report.inodeCount} inodes, ${report.problems.length} problems\n`);
  }
  return report.problems.length === 0 ? 0 : 1;
}

/**
 * Reads every byte of an image and checks its structure.
 * @returns undefined for a SIF without a root file system, or with one of another kind (ext3, encrypted)
 */
export async function checkStructure(file: string, signal: AbortSignal): Promise<StructureReport | undefined> {
  try {
    return await readWhole(file, signal);
  } catch (error) {
    if (isAppError(error, "E_SIF_NO_OBJECT") || isAppError(error, "E_IMAGE_FORMAT")) return undefined;
    throw error;
  }
}

async function readWhole(file: string, signal: AbortSignal): Promise<StructureReport> {
  const image = await openImage(file);
  try {
    return await verifySquashfs(image, { signal });
  } finally {
    await image.close();
  }
}
