import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { formatBpf } from "../seccomp/bpf.ts";
import { stepFilter } from "../seccomp/step-filter.ts";
import { assemble } from "./assemble.ts";
import type { Program } from "./instruction.ts";
import { commandProgram, enterProgram } from "./programs/enter.ts";
import { filteredProgram } from "./programs/filtered.ts";
import { leaseProgram } from "./programs/lease.ts";
import { loopbackProgram } from "./programs/loopback.ts";
import { relayProgram, stepRelay } from "./programs/relay.ts";
import { takeOpaqueProgram } from "./programs/opaque.ts";
import { whiteoutProgram } from "./programs/whiteout.ts";
import type { Architecture } from "./syscall-numbers.ts";

const programs = {
  command: (architecture: Architecture): Program => commandProgram(formatBpf(stepFilter(architecture))),
  enter: (architecture: Architecture): Program => enterProgram(formatBpf(stepFilter(architecture))),
  filtered: (architecture: Architecture): Program => filteredProgram(formatBpf(stepFilter(architecture))),
  lease: (): Program => leaseProgram,
  loopback: (): Program => loopbackProgram,
  relay: (): Program => relayProgram(stepRelay),
  "take-opaque": (): Program => takeOpaqueProgram,
  whiteout: (): Program => whiteoutProgram,
} as const;

/** The name of a helper program; also its file name. */
export type ProgramName = keyof typeof programs;

/**
 * One helper program as the bytes of a static ELF file.
 * @throws E_EXECUTOR_UNAVAILABLE for a processor family other than x64 and arm64
 */
export function helperProgram(name: ProgramName, processor: string): Uint8Array {
  if (processor !== "x64" && processor !== "arm64") {
    throw new AppError("E_EXECUTOR_UNAVAILABLE", `builds run on x86-64 and 64-bit Arm, this machine is ${processor}`);
  }
  return assemble(programs[name](processor), processor);
}

/**
 * Writes helper programs as executable files.
 * @param directory made when it is missing
 * @param processor Node's `process.arch`
 * @returns the absolute path of each, when `directory` is absolute
 */
export async function writePrograms<Name extends ProgramName>(
  directory: string,
  processor: string,
  names: readonly Name[],
): Promise<Readonly<Record<Name, string>>> {
  await mkdir(directory, { recursive: true });
  const written = names.map(async (name) => {
    const path = join(directory, name);
    await writeFile(path, helperProgram(name, processor), { mode: 0o755 });
    return [name, path] as const;
  });
  return Object.fromEntries(await Promise.all(written)) as Record<Name, string>; // one entry per name
}
