import path from "node:path";
import { AppError, formatSize } from "@repo2singularity/base";
import { readImageRecord, spdxDocument } from "@repo2singularity/build";
import { type ImageRecord, PackageLock } from "@repo2singularity/contracts";
import type { HostIo } from "../host-io.ts";

/** `inspect`: what an image is, from which commit, which packages, which layers. */
export async function inspect(image: string, flags: InspectFlags, io: HostIo): Promise<void> {
  const record = await readImageRecord(path.resolve(io.cwd, image));
  if (record === undefined) {
    throw new AppError("E_IMAGE_FORMAT", `${image} was not built by repo2singularity: it holds no record`, {
      hint: `apptainer inspect ${image} shows what other images say, repo2singularity image list ${image} their files`,
    });
  }
  if (flags.sbom === true) {
    io.stdout.write(`${spdxDocument(record)}\n`);
    return;
  }
  if (flags.lock === true) io.stdout.write(json(PackageLock.parse(record)));
  else io.stdout.write(flags.json === true ? json(record) : recordText(record));
}

/** What of the record is shown; a summary when nothing is chosen. */
interface InspectFlags {
  readonly json?: boolean;
  readonly lock?: boolean;
  /** The packages as SPDX. */
  readonly sbom?: boolean;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function recordText(record: ImageRecord): string {
  const { source, base } = record;
  const lines = [
    `source    ${source.url}${source.subdir === undefined ? "" : ` (${source.subdir})`}`,
    source.commit === undefined && source.revision !== undefined
      ? `revision  ${source.revision}`
      : `commit    ${source.commit ?? "none"}${source.dirty === true ? " with changes" : ""}`,
    `ref       ${source.ref ?? "-"}`,
    `time      ${new Date(record.timestamp * 1000).toISOString()}`,
    `base      ${base.reference} (${base.digest})`,
    `platform  ${record.platform}`,
    `key       ${record.key}`,
    "",
    "layers",
    ...record.layers.map(
      (layer) => `  ${layer.name.padEnd(12)} ${formatSize(layer.sizeBytes).padStart(10)}  ${layer.digest}`,
    ),
    "",
    "packages",
    ...record.packages.map(
      (one) =>
        `  ${one.manager.padEnd(6)} ${(one.prefix ?? "").padEnd(12)} ${one.name} ${one.version}${one.source === undefined ? "" : ` from ${one.source}`}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}
