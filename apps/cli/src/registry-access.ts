import { homedir } from "node:os";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import {
  apptainerLogins,
  type ConvertOptions,
  type CredentialSource,
  dockerConfigCredentials,
  type LibraryLogins,
} from "@repo2singularity/registry";
import { apptainerFiles } from "./apptainer-files.ts";
import { loadConfig } from "./config/load-config.ts";
import type { HostIo } from "./host-io.ts";
import { hostNetwork } from "./host-network.ts";

/** The logins that docker, podman and apptainer share, from `$DOCKER_CONFIG` or `~/.docker`. */
export function registryCredentials(io: HostIo): CredentialSource {
  const sources = dockerConfigFiles(io).map((configPath) =>
    dockerConfigCredentials({ configPath, runner: processRunner, env: io.env }),
  );
  return async (host, signal) => {
    for (const source of sources) {
      const found = await source(host, signal);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Where logins to OCI registries are kept: by docker, podman, skopeo and us, and by apptainer for itself. */
export function dockerConfigFiles(io: HostIo): readonly string[] {
  const folder = io.env["DOCKER_CONFIG"] ?? path.join(io.env["HOME"] ?? homedir(), ".docker");
  return [path.join(folder, "config.json"), apptainerFiles(io).dockerConfig];
}

/** The remotes that come with apptainer. */
const systemRemotes = "/etc/apptainer/remote.yaml";

/** The logins to libraries that `apptainer remote` and `login` keep. */
export function libraryLogins(io: HostIo): LibraryLogins {
  return apptainerLogins([apptainerFiles(io).remotes, systemRemotes]);
}

/** How registries are reached from this machine: its proxies, certificates, mirror and logins. */
export async function registryAccess(
  io: HostIo,
): Promise<Pick<ConvertOptions, "network" | "credentials" | "dockerHubMirror">> {
  const { config } = await loadConfig(io);
  const mirrors = config.mirrors ?? {};
  return {
    network: await hostNetwork(mirrors, io),
    credentials: registryCredentials(io),
    ...(mirrors.dockerHub === undefined ? {} : { dockerHubMirror: mirrors.dockerHub }),
  };
}
