import { readFile, readdir } from "node:fs/promises";
import { errnoOf } from "@repo2singularity/base";
import type { HostReader } from "./host-reader.ts";

/** Failures that mean "this user has no such file"; anything else is a defect that must be seen. */
const absent = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "EISDIR", "ELOOP"]);

/** The file functions of a {@link HostReader} on the real machine. */
export const localFiles: Pick<HostReader, "readFile" | "listFolder"> = {
  readFile: async (path) => unlessAbsent(readFile(path, "utf8")),
  listFolder: async (path) => ((await unlessAbsent(readdir(path))) ?? []).sort(),
};

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (absent.has(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}
