import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ObjectStore,
  openDiskObjectStore,
  openS3ObjectStore,
  parseS3Place,
  readS3Settings,
} from "@repo2singularity/store/objects";
import { loadConfig } from "../config/load-config.ts";
import type { HostIo } from "../host-io.ts";
import { hostNetwork } from "../host-network.ts";

/**
 * Opens a folder or a bucket by the name that a user gave it: `s3://bucket/folder`, `file:///folder` or a path.
 * @param endpointUrl of another object storage than Amazon's; what the AWS CLI is set to when left out
 */
export async function openPlace(place: string, endpointUrl: string | undefined, io: HostIo): Promise<ObjectStore> {
  if (place.startsWith("file://")) return openDiskObjectStore(fileURLToPath(place));
  if (!place.startsWith("s3://")) return openDiskObjectStore(path.resolve(io.cwd, place));
  const { config } = await loadConfig(io);
  const settings = await readS3Settings({
    env: io.env,
    homeDir: io.env["HOME"] ?? homedir(),
    readFile: (file) => readFile(file, "utf8").catch(() => undefined), // most users have none
    endpointUrl,
  });
  const network = await hostNetwork(config.mirrors ?? {}, io);
  return openS3ObjectStore({ ...parseS3Place(place), settings, network });
}
