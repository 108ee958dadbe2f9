import { readFile, stat } from "node:fs/promises";
import { AppError, isAppError } from "@repo2singularity/base";
import { PackageLock } from "@repo2singularity/contracts";
import { readImageRecord, readSandboxRecord } from "../pipeline/compose-image.ts";
import { tryParseJson } from "./try-parse-json.ts";

/**
 * The lock in a JSON file (what `inspect --lock` or `inspect --json` prints), in an image or in a sandbox.
 * @param file absolute path
 * @throws E_LOCK_INVALID
 */
export async function readPackageLock(file: string): Promise<PackageLock> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) throw invalid(file, "there is no such file");
  const found = stats.isDirectory() ? await readSandboxRecord(file).catch(absent) : await readFileLock(file);
  const lock = PackageLock.safeParse(found);
  if (lock.success) return lock.data;
  const [issue] = lock.error.issues;
  throw invalid(file, found === undefined ? "it holds no lock" : `${issue?.path.join(".")}: ${issue?.message}`);
}

async function readFileLock(file: string): Promise<unknown> {
  try {
    return await readImageRecord(file);
  } catch (error) {
    if (!isAppError(error, "E_SIF_INVALID") && !isAppError(error, "E_SIF_TRUNCATED")) throw error;
    return tryParseJson(await readFile(file, "utf8"));
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

function invalid(file: string, reason: string): AppError {
  return new AppError("E_LOCK_INVALID", `${file}: a lock is expected, but ${reason}`, {
    hint: "give a .sif that repo2singularity built, or what repo2singularity inspect --lock IMAGE prints",
  });
}
