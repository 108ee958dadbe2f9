import path from "node:path";
import { formatSize } from "@repo2singularity/base";
import { convertImage } from "@repo2singularity/registry";
import type { HostIo } from "../host-io.ts";
import { registryAccess } from "../registry-access.ts";
import { writeOutput } from "../output/output-file.ts";
import type { PackFlags } from "../options.ts";

/** `image convert`: an OCI image of a registry, an archive or a layout becomes a SIF. */
export async function convert(source: string, out: string, flags: PackFlags, io: HostIo): Promise<void> {
  const access = source.startsWith("docker://") ? await registryAccess(io) : {};
  const result = await writeOutput(path.resolve(io.cwd, out), flags.force === true, (temporary) =>
    convertImage(source, temporary, {
      ...access,
      compression: flags.compression,
      ...(flags.level === undefined ? {} : { level: flags.level }),
      blockSizeBytes: flags.blockSize,
      cwd: io.cwd,
      signal: io.signal,
    }),
  );
  io.stdout.write(`${out}: ${formatSize(result.sizeBytes)}\n`);
}
