import { basename } from "node:path";
import { AppError } from "@repo2singularity/base";
import { downloadFile, type DownloadedFile, type RemoteFile } from "../http/download-file.ts";
import { isArchiveName } from "../unpack/archive-names.ts";
import { unpackArchive } from "../unpack/unpack-archive.ts";
import { unwrapFolder } from "../unpack/unwrap-folder.ts";
import { fetchFiles, type RecordFile } from "./fetch-files.ts";
import type { RecordTools } from "./record-tools.ts";

/**
 * Brings the files of a record into a folder. A record that is one archive, as those that forges deposit, is unpacked,
 * and its only folder becomes the checkout.
 * @param folder exists and is empty
 * @throws what `fetchFiles` and `unpackArchive` throw, E_SOURCE_NOT_FOUND when there are no files
 */
export async function fetchRecord(files: readonly RecordFile[], folder: string, tools: RecordTools): Promise<void> {
  const [only, ...others] = files;
  if (only === undefined) {
    throw new AppError("E_SOURCE_NOT_FOUND", "the record has no files that can be downloaded", {
      hint: "look at its page: the files may be restricted, or lie elsewhere",
    });
  }
  if (others.length > 0 || !isArchiveName(only.path)) return fetchFiles(files, folder, tools);
  await fetchArchive({ ...only, shown: basename(only.path) }, folder, tools);
  await unwrapFolder(folder);
}

/**
 * Downloads an archive and unpacks it into a folder.
 * @param folder exists and is empty; nothing may be at its path with `.archive` behind
 */
export async function fetchArchive(file: RemoteFile, folder: string, tools: RecordTools): Promise<DownloadedFile> {
  const path = `${folder}.archive`;
  tools.budget.checkAnnounced([file.sizeBytes]);
  tools.onLine?.(`fetching ${file.shown}`);
  const downloaded = await downloadFile(file, path, tools);
  tools.onLine?.(`unpacking ${file.shown}`);
  await unpackArchive(path, folder, tools.unpack, file.shown);
  return downloaded;
}
