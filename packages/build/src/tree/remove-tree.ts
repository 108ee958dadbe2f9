import { isAppError } from "@repo2singularity/base";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";

/**
 * Removes a folder with all that is in it, also folders that a step left without permissions (a step's root
 * can read them, its user cannot). Does nothing when there is no such folder.
 *
 * The work is left to `rm`: Node's own goes on removing in the background after it has failed.
 */
export async function removeTree(host: ExecutorHost, directory: string): Promise<void> {
  const env = hostEnvironment(host);
  const remove = (): Promise<unknown> => host.runner("rm", ["-rf", "--", directory], { env });
  try {
    await remove();
  } catch (error) {
    if (!isAppError(error, "E_PROCESS_FAILED")) throw error;
    // `find` looks into a folder only after the chmod that it ran on it.
    const openFolders = ["-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", ";"];
    await host.runner("find", [directory, ...openFolders], { env });
    await remove();
  }
}
