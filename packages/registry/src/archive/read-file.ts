import { AppError, type Digest } from "@repo2singularity/base";
import { readVerified } from "../oci/verify-stream.ts";
import type { ArchiveFiles } from "./archive-files.ts";

const documentLimitBytes = 8 * 2 ** 20;

/**
 * A small file of an archive.
 * @param digest checked when given
 * @throws E_OCI_INVALID when it is not there; E_OCI_DIGEST_MISMATCH
 */
export async function readDocument(files: ArchiveFiles, path: string, digest?: Digest): Promise<Uint8Array> {
  const source = await files.find(path);
  const what = `${files.place}: ${path}`;
  if (source === undefined) throw new AppError("E_OCI_INVALID", `${what}: is not there`);
  const { sizeBytes } = source;
  return readVerified(source.read(0, sizeBytes), { what, digest, sizeBytes, limitBytes: documentLimitBytes });
}

/** The path of a blob in an OCI layout. */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(":", "/")}`;
}
