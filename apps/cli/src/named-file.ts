import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { HostIo } from "./host-io.ts";

/**
 * The bytes of a file that the user named, which errors name as it was written.
 * @throws E_USAGE when it cannot be read
 */
export async function readNamedFile(name: string, { cwd }: Pick<HostIo, "cwd">): Promise<Buffer> {
  return readFile(path.resolve(cwd, name)).catch((error: unknown) => {
    throw new AppError("E_USAGE", `${name}: cannot be read`, { cause: error });
  });
}

/** The same as text. @throws E_USAGE when it cannot be read */
export async function readNamedText(name: string, io: Pick<HostIo, "cwd">): Promise<string> {
  return (await readNamedFile(name, io)).toString("utf8");
}
