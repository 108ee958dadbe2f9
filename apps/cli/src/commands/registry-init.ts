import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError, errnoOf } from "@repo2singularity/base";
import { type CiService, initFiles } from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";

/** Options of `registry init`. */
export interface InitFlags {
  readonly title?: string;
  readonly url?: string;
  readonly storage?: string;
  readonly storageUrl?: string;
  readonly ci?: CiService;
  readonly metadataOnly?: boolean;
  readonly programUrl?: string;
}

/** `registry init`: the files of a new registry. Files that are there already stay as they are. */
export async function initRegistry(folder: string, flags: InitFlags, io: HostIo): Promise<void> {
  const { title, url, storage, storageUrl, ci, metadataOnly, programUrl } = flags;
  const root = path.resolve(io.cwd, folder);
  const settings = {
    ...(title !== undefined && { title }),
    ...(url !== undefined && { url }),
    ...(storage !== undefined && { storage }),
    ...(storageUrl !== undefined && { storageUrl }),
  };
  const files = initFiles({
    settings,
    isMetadataOnly: metadataOnly === true,
    ...(ci !== undefined && { ci: { service: ci, programUrl: requireUrl(programUrl) } }),
  });
  for (const { path: name, text } of files) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    const isNew = await writeNew(file, text);
    io.stdout.write(`${isNew ? "wrote" : "kept "} ${path.relative(io.cwd, file)}\n`);
  }
}

function requireUrl(programUrl: string | undefined): string {
  if (programUrl !== undefined) return programUrl;
  throw new AppError("E_USAGE", "--ci needs --program-url: where the service gets this program from", {
    hint: "name the git URL of the clone that you run",
  });
}

/** @returns false for a file that was there, which stays */
async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw new AppError("E_FILE_ACCESS", `${file}: cannot be written`, { cause: error });
  }
}
