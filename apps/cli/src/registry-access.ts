import { homedir } from "node:os";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import { type ConvertOptions, type CredentialSource, dockerConfigCredentials } from "@repo2singularity/registry";
import { loadConfig } from "./config/load-config.ts";
import type { HostIo } from "./host-io.ts";
import { hostNetwork } from "./host-network.ts";

/** The logins that docker, podman and apptainer share, from `$DOCKER_CONFIG` or `~/.docker`. */
export function registryCredentials(io: HostIo): CredentialSource {
  const folder = io.env["DOCKER_CONFIG"] ?? path.join(io.env["HOME"] ?? homedir(), ".docker");
  return dockerConfigCredentials({ configPath: path.join(folder, "config.json"), runner: processRunner, env: io.env });
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
