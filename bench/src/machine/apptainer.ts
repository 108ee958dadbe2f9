import { fileURLToPath } from "node:url";
import { runTimed } from "../measure/timed-process.ts";
import { findProgram } from "./debian-packages.ts";

const setup = fileURLToPath(new URL("../../../tools/src/setup-machine.ts", import.meta.url));

/**
 * Makes sure that the real apptainer is there, installing it as root on Debian when it is not.
 * @returns its version, such as `1.4.5`
 * @throws Error with what to do where it cannot be installed
 */
export async function ensureApptainer(log: (line: string) => void): Promise<string> {
  if ((await findProgram("apptainer")) === undefined) {
    log("adding apptainer from Debian unstable");
    await runTimed(process.execPath, [setup, "apptainer"]);
  }
  const { stdout } = await runTimed("apptainer", ["--version"]);
  return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim();
}
