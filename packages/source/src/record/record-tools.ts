import type { DownloadTools } from "../http/download-file.ts";
import type { UnpackTools } from "../unpack/unpack-archive.ts";

/** What the content of a record is fetched with. */
export interface RecordTools extends DownloadTools {
  readonly unpack: UnpackTools;
  /** Told what is being done. */
  readonly onLine?: ((line: string) => void) | undefined;
}
