import path from "node:path";
import { fileURLToPath } from "node:url";
import { type ObjectStore, openDiskObjectStore, parseS3Place } from "@repo2singularity/store/objects";
import type { HostIo } from "../host-io.ts";
import { openObjectStorage } from "../object-storage.ts";

/**
 * Opens a folder or a bucket by the name that a user gave it: `s3://bucket/folder`, `file:///folder` or a path.
 * @param endpointUrl of another object storage than Amazon's; what the AWS CLI is set to when left out
 */
export async function openPlace(place: string, endpointUrl: string | undefined, io: HostIo): Promise<ObjectStore> {
  if (place.startsWith("file://")) return openDiskObjectStore(fileURLToPath(place));
  if (!place.startsWith("s3://")) return openDiskObjectStore(path.resolve(io.cwd, place));
  return openObjectStorage(parseS3Place(place), endpointUrl, io);
}
