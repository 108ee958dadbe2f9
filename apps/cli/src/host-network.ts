import { homedir } from "node:os";
import { processRunner } from "@repo2singularity/base";
import type { NetworkOptions } from "@repo2singularity/base/http";
import { localFiles, readHostSettings } from "@repo2singularity/build";
import type { Mirrors } from "@repo2singularity/contracts";
import type { HostIo } from "./host-io.ts";

/** How this machine reaches the outside: the proxies and certificates that its own clients are set to. */
export async function hostNetwork(mirrors: Mirrors, io: HostIo): Promise<NetworkOptions> {
  const homeDir = io.env["HOME"] ?? homedir();
  const host = { env: io.env, homeDir, runner: processRunner, ...localFiles };
  const { proxies, caBundle } = await readHostSettings({ ...host, mirrors, signal: io.signal });
  return { proxies, caBundle };
}
