import path from "node:path";
import { openImage, verifySquashfs } from "@repo2singularity/image";
import type { HostIo } from "../host-io.ts";

/** `image verify`: reads everything; answers 1 when something is wrong. */
export async function verify(source: string, flags: { readonly json?: boolean }, io: HostIo): Promise<number> {
  const image = await openImage(path.resolve(io.cwd, source));
  try {
    const report = await verifySquashfs(image, { signal: io.signal });
    if (flags.json === true) io.stdout.write(`${JSON.stringify(report)}\n`);
    else {
      for (const problem of report.problems) io.stdout.write(`${source}: ${problem}\n`);
      io.stdout.write(`${source}: ${report.inodeCount} inodes, ${report.problems.length} problems\n`);
    }
    return report.problems.length === 0 ? 0 : 1;
  } finally {
    await image.close();
  }
}
