import { createHash } from "node:crypto";
import { basename } from "node:path";
import { walkDirectory } from "@repo2singularity/image";
import { softwareTimeSeconds } from "../pipeline/group-key.ts";
import type { BaseDependencies } from "./base-dependencies.ts";
import type { BaseOrigin } from "./base-layer.ts";

/**
 * A root directory as a base. Its content key is made of names, modes, sizes, times and link targets, so a folder
 * that did not change is not packed again, and one that did is.
 */
export async function directoryBase(path: string, deps: BaseDependencies): Promise<BaseOrigin> {
  const signal = deps.signal === undefined ? {} : { signal: deps.signal };
  const hash = createHash("sha256");
  for await (const entry of walkDirectory(path, { ownership: "root", mtime: "keep", xattrs: "none", ...signal })) {
    const { path: name, type, mode, mtimeSeconds, sizeBytes, linkTarget } = entry;
    hash.update(JSON.stringify([name, type, mode, mtimeSeconds, sizeBytes, linkTarget]));
  }
  return {
    reference: basename(path),
    contentKey: `directory ${path} ${hash.digest("hex")}`,
    environment: {},
    entries: () =>
      walkDirectory(path, {
        ownership: "root",
        mtime: { fixedSeconds: softwareTimeSeconds },
        xattrs: "none",
        ...signal,
      }),
  };
}
