import type { UploadSource } from "../../push/upload-source.ts";
import type { RemoteAccess } from "../remote-access.ts";

/** What is uploaded. */
export interface LibraryUpload {
  /** Of the image in the library. */
  readonly id: string;
  /** Of the file. */
  readonly path: string;
  readonly source: UploadSource;
  /** Of the library's API. */
  readonly version: string | undefined;
}

/** How it is uploaded. */
export interface LibraryUploadOptions extends RemoteAccess {
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}
