import { AppError } from "@repo2singularity/base";
import { type LibraryAccess, openRegistryTransport } from "@repo2singularity/registry";
import { loadConfig } from "./config/load-config.ts";
import type { HostIo } from "./host-io.ts";
import { hostNetwork } from "./host-network.ts";
import { libraryLogins, registryCredentials } from "./registry-access.ts";

/** Options of commands that speak with servers of images. */
export interface RemoteFlags {
  /** `false` with `--no-https`. */
  readonly https?: boolean;
  /** URL of a library for references without a host. */
  readonly library?: string;
  /** URL of an object storage other than Amazon's. */
  readonly endpointUrl?: string;
}

/** Ways to servers of images, with the logins of this user; disposing of it closes the connections. */
export interface OpenRemoteAccess extends LibraryAccess, AsyncDisposable {}

/** Opens the ways to servers of images by the settings of this machine. */
export async function openRemoteAccess(flags: RemoteFlags, io: HostIo): Promise<OpenRemoteAccess> {
  const { config } = await loadConfig(io);
  const transport = await openRegistryTransport(await hostNetwork(config.mirrors ?? {}, io));
  const libraryUrl = flags.library ?? io.env["APPTAINER_LIBRARY"] ?? io.env["SINGULARITY_LIBRARY"];
  if (libraryUrl !== undefined && !/^https?:\/\//.test(libraryUrl)) {
    throw new AppError("E_USAGE", `the library "${libraryUrl}" is no http or https URL`);
  }
  return {
    transport,
    credentials: registryCredentials(io),
    logins: libraryLogins(io),
    plainHttp: flags.https === false,
    ...(libraryUrl !== undefined && { libraryUrl }),
    signal: io.signal,
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}
