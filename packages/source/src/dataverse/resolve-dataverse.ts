import { AppError, isAppError } from "@repo2singularity/base";
import { z } from "zod";
import type { SourceClient } from "../http/source-client.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchFiles, type RecordFile } from "../record/fetch-files.ts";
import { oneRef } from "../record/one-ref.ts";
import { parseChecksum } from "../record/parse-checksum.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import { unwrapFolder } from "../unpack/unwrap-folder.ts";
import { datasetName, pageOf, type DataversePlace } from "./dataverse-place.ts";

const DatasetFile = z.object({
  label: z.string(),
  directoryLabel: z.string().optional(),
  dataFile: z.object({
    id: z.number().int(),
    filesize: z.number().int().optional(),
    originalFileName: z.string().optional(),
    originalFileSize: z.number().int().optional(),
    originalFileFormat: z.string().optional(),
    md5: z.string().optional(),
    checksum: z.object({ type: z.string(), value: z.string() }).optional(),
  }),
});
type DatasetFile = z.infer<typeof DatasetFile>;

const VersionAnswer = z.object({
  data: z.object({
    versionNumber: z.number().int().optional(),
    versionMinorNumber: z.number().int().optional(),
    versionState: z.string().optional(),
    releaseTime: z.string().optional(),
    files: z.array(DatasetFile),
  }),
});

const FileAnswer = z.object({
  data: z.object({ datasetVersion: z.object({ datasetPersistentId: z.string() }) }),
});

/**
 * The version of a dataset that is meant: that of the URL or of `--ref` (`2.1`), else the newest published one. A file
 * stands for its whole dataset.
 * Source: https://guides.dataverse.org ("Native API": versions of a dataset, files; "Data Access API": basic file access)
 * @throws E_USAGE, E_SOURCE_NOT_FOUND, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveDataverse(
  place: DataversePlace,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const version = oneRef(place.version, versionOf(request.ref), pageOf(place));
  const { id, data } = await withClient(context, (client) => findVersion(client, place, version));
  const number = `${data.versionNumber ?? 0}.${data.versionMinorNumber ?? 0}`;
  const facts = {
    provider: "dataverse",
    name: datasetName(id),
    url: pageOf({ base: place.base, kind: "dataset", id, version: number }),
    revision: `${id}.v${number}`,
    timeSeconds: epochSeconds(data.releaseTime),
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    await fetchFiles(
      data.files.map((file) => recordFile(place.base, file)),
      folder,
      tools,
    );
    await unwrapFolder(folder);
    return undefined;
  });
}

type FoundVersion = z.infer<typeof VersionAnswer> & { readonly id: string };

async function findVersion(
  client: SourceClient,
  place: DataversePlace,
  version: string | undefined,
): Promise<FoundVersion> {
  const ofDataset = async (id: string): Promise<FoundVersion> => {
    const path = `api/datasets/:persistentId/versions/${version ?? ":latest-published"}`;
    const address = `${place.base}/${path}?persistentId=${encodeURIComponent(id)}`;
    return { id, ...(await client.json(address, VersionAnswer)) };
  };
  if (place.kind === "file") return ofDataset(await datasetOfFile(client, place));
  try {
    return await ofDataset(place.id);
  } catch (error) {
    if (place.kind !== "any" || !isAppError(error, "E_SOURCE_NOT_FOUND")) throw error;
    return ofDataset(await datasetOfFile(client, place));
  }
}

async function datasetOfFile(client: SourceClient, { base, id }: DataversePlace): Promise<string> {
  const isNumber = /^\d+$/.test(id);
  const file = isNumber ? `${id}?` : `:persistentId?persistentId=${encodeURIComponent(id)}&`;
  const answer = await client.json(`${base}/api/files/${file}returnDatasetVersion=true`, FileAnswer);
  return answer.data.datasetVersion.datasetPersistentId;
}

/**
 * Tables are wanted as they were uploaded, not as Dataverse converted them. The checksum of such a file is, depending on
 * the installation's history, that of the upload or of the conversion (dataverse issues 9501, 11315): only its size is
 * checked.
 */
function recordFile(base: string, { label, directoryLabel, dataFile }: DatasetFile): RecordFile {
  const isConverted = dataFile.originalFileFormat !== undefined || dataFile.originalFileName !== undefined;
  const name = dataFile.originalFileName ?? label;
  const checksum =
    dataFile.checksum === undefined
      ? parseChecksum("md5", dataFile.md5 ?? "")
      : parseChecksum(dataFile.checksum.type, dataFile.checksum.value);
  return {
    path: directoryLabel === undefined ? name : `${directoryLabel}/${name}`,
    url: `${base}/api/access/datafile/${dataFile.id}?format=original`,
    sizeBytes: isConverted ? dataFile.originalFileSize : dataFile.filesize,
    checksum: isConverted ? undefined : checksum,
  };
}

function versionOf(ref: string | undefined): string | undefined {
  if (ref === undefined || /^\d+(?:\.\d+)?$/.test(ref)) return ref;
  throw new AppError("E_USAGE", `"${ref}" is not the version of a dataset`, {
    hint: "give a number, such as --ref 2.1",
  });
}
