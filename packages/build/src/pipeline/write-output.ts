import { existsSync } from "node:fs";
import { AppError, formatSize } from "@repo2singularity/base";
import type { PackageLock } from "@repo2singularity/contracts";
import { hasPackagesOf } from "../lock/compare-lock.ts";
import { readImageRecord, readSandboxRecord, writeImageSandbox, writeImageSif } from "./compose-image.ts";
import type { Phase, PhaseReporter } from "./phase.ts";
import { replaceFolder } from "./replace-folder.ts";

/** Where the result goes. */
export interface BuildOutput {
  readonly kind: "sif" | "sandbox";
  /** Absolute path of the SIF or of the sandbox folder. */
  readonly path: string;
  /** Whether something of another key may be replaced. */
  readonly force: boolean;
}

/**
 * Whether the output is there with the same key, and the packages of the lock when there is one.
 * @throws E_OUTPUT_EXISTS when it is something else
 */
export async function isKept(output: BuildOutput, key: string, lock?: PackageLock): Promise<boolean> {
  if (!existsSync(output.path)) return false;
  const read = output.kind === "sif" ? readImageRecord : readSandboxRecord;
  const record = await read(output.path).catch(() => undefined);
  const mayReplace = output.kind === "sif" || record !== undefined; // a folder may be anything, a home even
  if (output.force && mayReplace) return false;
  if (record?.key === key && (lock === undefined || hasPackagesOf(lock, record.packages))) return true;
  const what =
    record === undefined
      ? "something else"
      : `an image of ${record.source.revision ?? record.source.commit ?? "another state"}`;
  throw new AppError("E_OUTPUT_EXISTS", `${output.path} is there already and is ${what}`, {
    hint: mayReplace
      ? "add --force to replace it, or choose another name"
      : "choose a folder that does not exist: only a sandbox that was built here is ever replaced",
  });
}

/** Writes the image to where it goes; it appears under its name when it is whole. */
export async function writeOutput(
  output: BuildOutput,
  parts: Parameters<typeof writeImageSif>[1],
  phase: Phase,
  phases: PhaseReporter,
): Promise<void> {
  if (output.kind === "sif") {
    const { sizeBytes, notes } = await writeImageSif(output.path, parts);
    phase.detail = formatSize(sizeBytes);
    for (const note of notes) phases.notice(note);
    return;
  }
  await replaceFolder(output.path, (unfinished) => writeImageSandbox(unfinished, parts));
}
