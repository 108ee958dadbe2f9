import { homedir } from "node:os";
import path from "node:path";
import type { HostIo } from "./host-io.ts";

/** Where apptainer keeps what it knows of a user. */
export interface ApptainerFiles {
  /** Logins to libraries. */
  readonly remotes: string;
  /** Logins to OCI registries, in docker's form. */
  readonly dockerConfig: string;
  /** The folder of the keyring. */
  readonly keys: string;
}

/** The files of apptainer, at the places that its own variables name. */
export function apptainerFiles({ env }: Pick<HostIo, "env">): ApptainerFiles {
  const folder = env["APPTAINER_CONFIGDIR"] ?? path.join(env["HOME"] ?? homedir(), ".apptainer");
  return {
    remotes: path.join(folder, "remote.yaml"),
    dockerConfig: path.join(folder, "docker-config.json"),
    keys: env["APPTAINER_KEYSDIR"] ?? path.join(folder, "keys"),
  };
}
