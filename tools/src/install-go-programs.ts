import { existsSync } from "node:fs";
import { addUnstable, unpackUnstable } from "./debian-unstable.ts";

/** A program that is one file without dependencies, as Go's are, and the package of Debian's unstable suite that has it. */
export interface GoProgram {
  /** Absolute. */
  readonly path: string;
  readonly debianPackage: string;
}

/** Docker's plugin: older releases have docker without it, and the real repo2docker builds with nothing else. */
export const buildx: GoProgram = {
  path: "/usr/libexec/docker/cli-plugins/docker-buildx",
  debianPackage: "docker-buildx",
};

/** Clients of OCI registries, which tests of ours are held against. */
export const registryClients: readonly GoProgram[] = [
  { path: "/usr/bin/crane", debianPackage: "crane" },
  { path: "/usr/bin/oras", debianPackage: "oras" },
];

/** Unpacks those that are missing, as root. Nothing else comes from that suite. */
export function ensureGoPrograms(programs: readonly GoProgram[]): void {
  const missing = programs.filter(({ path }) => !existsSync(path)).map(({ debianPackage }) => debianPackage);
  if (missing.length === 0) return;
  console.error(`setup: adding ${missing.join(", ")} from Debian's unstable suite`);
  addUnstable();
  unpackUnstable(Object.fromEntries(missing.map((name) => [name, "/"])));
}
