import { processRunner } from "@repo2singularity/base";
import { checkMachine, type MachineCheck } from "@repo2singularity/build";
import { makeExecutors } from "../build-adapters.ts";
import type { HostIo } from "../host-io.ts";
import { openWorkbench } from "../workbench.ts";

const marks: Readonly<Record<MachineCheck["state"], string>> = { works: "ok  ", missing: "no  ", optional: "-   " };

/**
 * `doctor`: what works on this machine, what does not, and what mends it.
 * @returns 0 when repositories can be built here, 3 when not
 */
export async function doctor(flags: { readonly json?: boolean }, io: HostIo): Promise<number> {
  await using bench = await openWorkbench({}, io);
  const executors = makeExecutors(io);
  const checks = await checkMachine({
    executors,
    store: bench.store,
    env: io.env,
    runner: processRunner,
    signal: io.signal,
  });
  const canBuild = checks.every((check) => check.state !== "missing");
  if (flags.json === true) io.stdout.write(`${JSON.stringify({ canBuild, checks }, undefined, 2)}\n`);
  else for (const check of checks) io.stdout.write(checkText(check));
  return canBuild ? 0 : 3;
}

function checkText({ state, name, detail, hint }: MachineCheck): string {
  const mend = hint === undefined ? "" : `      mend it: ${hint}\n`;
  return `${marks[state]}${name}: ${detail}\n${mend}`;
}
