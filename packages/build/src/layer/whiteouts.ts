import { encodeName } from "@repo2singularity/image";
import { type ExecutorHost, hostEnvironment } from "../executor/host.ts";

/**
 * Makes the overlay's mark of a removed file (a character device 0:0) at every path.
 * @param program absolute path of the helper program `whiteout`
 * @param paths relative to `directory`; their folders are there, they themselves are not
 * @throws E_PROCESS_FAILED on kernels before 5.8, for ordinary users
 */
export async function makeWhiteouts(
  host: ExecutorHost,
  program: string,
  directory: string,
  paths: readonly string[],
): Promise<void> {
  if (paths.length === 0) return;
  const input = Buffer.concat(paths.map((path) => Buffer.concat([Buffer.from("./"), encodeName(path), Buffer.of(0)])));
  await host.runner("xargs", ["-0", program], { cwd: directory, env: hostEnvironment(host), input });
}
