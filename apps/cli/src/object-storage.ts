import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { type ObjectStore, openS3ObjectStore, readS3Settings } from "@repo2singularity/store/objects";
import { loadConfig } from "./config/load-config.ts";
import type { HostIo } from "./host-io.ts";
import { hostNetwork } from "./host-network.ts";

/**
 * Opens a bucket, or what lies below a prefix in it, with the settings of the AWS CLI and the network of this machine.
 * @param endpointUrl of another object storage than Amazon's; what those settings say when left out
 */
export async function openObjectStorage(
  place: { readonly bucket: string; readonly prefix: string },
  endpointUrl: string | undefined,
  io: HostIo,
): Promise<ObjectStore> {
  const { config } = await loadConfig(io);
  const settings = await readS3Settings({
    env: io.env,
    homeDir: io.env["HOME"] ?? homedir(),
    readFile: (file) => readFile(file, "utf8").catch(() => undefined), // most users have none
    endpointUrl,
  });
  const network = await hostNetwork(config.mirrors ?? {}, io);
  return openS3ObjectStore({ ...place, settings, network });
}
