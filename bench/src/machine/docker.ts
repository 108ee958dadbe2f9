import { fileURLToPath } from "node:url";
import { runTimed } from "../measure/timed-process.ts";
import { findProgram } from "./debian-packages.ts";

const setup = fileURLToPath(new URL("../../../tools/src/setup-machine.ts", import.meta.url));

/**
 * Makes sure that dockerd and docker's plugin buildx are there, installing them as root on Debian.
 * @throws Error with what to do where they cannot be installed
 */
export async function ensureDocker(log: (line: string) => void): Promise<void> {
  const asked = await runTimed("docker", ["buildx", "version"], { okExitCodes: [0, 1, 125] }).catch(() => undefined);
  if (asked?.exitCode === 0 && (await findProgram("dockerd")) !== undefined) return;
  log("adding docker from Debian, and its plugin buildx");
  await runTimed(process.execPath, [setup, "docker"]);
  await runTimed("docker", ["buildx", "version"]);
}
