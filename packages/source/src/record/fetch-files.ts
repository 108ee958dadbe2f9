import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { downloadFile, type RemoteFile } from "../http/download-file.ts";
import { mapConcurrent } from "./map-concurrent.ts";
import type { RecordTools } from "./record-tools.ts";

/** A file of a record. */
export interface RecordFile extends Omit<RemoteFile, "shown"> {
  /** Where the record has it, "/"-separated; a name of a foreign server, checked before it is used. */
  readonly path: string;
}

/** Servers of archives limit how many connections one caller may have. */
const filesAtOnce = 4;

/**
 * Downloads the files of a record into a folder, four at a time.
 * @param folder exists and is empty
 * @throws E_PATH_ESCAPE for a name that leads out, E_SOURCE_FETCH for two files of one name, E_LIMIT_EXCEEDED, and what
 * `downloadFile` throws
 */
export async function fetchFiles(files: readonly RecordFile[], folder: string, tools: RecordTools): Promise<void> {
  const placed = files.map((file) => ({ file, path: safePath(file.path) }));
  checkApart(placed.map(({ path }) => path));
  tools.budget.checkAnnounced(files.map(({ sizeBytes }) => sizeBytes));
  await mapConcurrent(placed, filesAtOnce, async ({ file, path }) => {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    tools.onLine?.(`fetching ${path}`);
    await downloadFile({ ...file, shown: path }, target, tools);
  });
}

function safePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length > 0 && !parts.includes("..") && !path.startsWith("/") && !path.includes("\0"))
    return parts.join("/");
  throw new AppError("E_PATH_ESCAPE", `${JSON.stringify(path)} is not the name of a file inside a folder`);
}

/** A file may be neither another file nor a folder of one. */
function checkApart(paths: readonly string[]): void {
  const sorted = paths.map((path) => `${path}/`).sort();
  for (const [index, path] of sorted.entries()) {
    if (sorted[index + 1]?.startsWith(path) !== true) continue;
    throw new AppError("E_SOURCE_FETCH", `the record has two files called ${path.slice(0, -1)}`, {
      hint: "download it yourself and give the folder",
    });
  }
}
