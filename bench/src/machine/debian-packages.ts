import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTimed } from "../measure/timed-process.ts";

/** A program that a benchmark needs and the Debian package that holds it. */
export interface NeededProgram {
  readonly program: string;
  readonly debianPackage: string;
}

/** Peers and tools of the benchmarks, for {@link ensurePrograms}. */
export const knownPrograms = {
  mksquashfs: { program: "mksquashfs", debianPackage: "squashfs-tools" },
  tar2sqfs: { program: "tar2sqfs", debianPackage: "squashfs-tools-ng" },
  mmdebstrap: { program: "mmdebstrap", debianPackage: "mmdebstrap" },
  dockerRegistry: { program: "docker-registry", debianPackage: "docker-registry" },
  python3: { program: "python3", debianPackage: "python3" },
} as const satisfies Record<string, NeededProgram>;

/**
 * Makes sure that programs are on the PATH: installs their packages as root on Debian and Ubuntu.
 * @throws Error with the command to run when they are missing and cannot be installed from here
 */
export async function ensurePrograms(programs: readonly NeededProgram[], log: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const { program, debianPackage } of programs) {
    if ((await findProgram(program)) === undefined) missing.push(debianPackage);
  }
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || (await findProgram("apt-get")) === undefined) {
    throw new Error(`needs programs that are not installed; as root on Debian or Ubuntu run: ${command}`);
  }
  log(`adding the Debian packages ${missing.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runTimed("apt-get", ["update", "-qq"], { env });
  await runTimed("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], { env });
}

/** The full path of a program on the PATH of the bench, or undefined when there is none. */
export async function findProgram(program: string): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
