import type { Checksum } from "../http/download-file.ts";

/** An archive that a URL leads to. */
export interface UrlArchive {
  /** As it is fetched, with what its query and user part hold; never shown. */
  readonly url: URL;
  readonly shown: string;
  readonly name: string;
  /** What the URL promises behind `#sha256=`. */
  readonly checksum: Checksum | undefined;
}
