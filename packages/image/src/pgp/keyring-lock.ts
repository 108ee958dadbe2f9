import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";

/** A key is added in milliseconds: who takes longer was killed. */
const staleMs = 10_000;
/** Together about half a minute. */
const retries = { retries: 40, minTimeout: 20, maxTimeout: 1_000, randomize: true };

/**
 * Does something to a keyring while no other process does; made by `mkdir`, which is atomic on NFS too.
 * @param folder of the keyring, which is made
 * @throws E_FILE_ACCESS when the folder cannot be written, or somebody holds the lock for half a minute
 */
export async function withKeyringLock<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  const { lock } = await import("proper-lockfile"); // it hooks the exit of the process when it is loaded
  let release: () => Promise<void>;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    release = await lock(folder, {
      lockfilePath: path.join(folder, ".lock"),
      realpath: false,
      stale: staleMs,
      retries,
      onCompromised: () => {}, // the files are replaced as a whole: they stay right
    });
  } catch (error) {
    throw new AppError("E_FILE_ACCESS", `${folder}: the keyring cannot be locked`, {
      hint: "wait for the other process that changes it, or remove the folder .lock in it",
      cause: error,
    });
  }
  try {
    return await work();
  } finally {
    await release().catch(() => {}); // taken over meanwhile, so no longer ours
  }
}
