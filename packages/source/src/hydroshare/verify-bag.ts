import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";

/**
 * Checks the content of a bag against its manifests.
 * Source: RFC 8493, section 2.1.3
 * @param folder the bag's own folder
 * @throws E_SOURCE_CHECKSUM when a file is missing or differs, E_PATH_ESCAPE when a manifest names one outside
 */
export async function verifyBag(folder: string): Promise<void> {
  for (const algorithm of ["sha512", "sha256", "md5"] as const) {
    const manifest = await readFile(join(folder, `manifest-${algorithm}.txt`), "utf8").catch(() => undefined);
    if (manifest === undefined) continue;
    for (const line of manifest.split(/\r?\n/)) {
      const { hex, path } = /^(?<hex>[0-9a-f]+)\s+\*?(?<path>\S.*)$/i.exec(line)?.groups ?? {};
      if (hex === undefined || path === undefined) continue;
      await checkFile(folder, decodePath(path), algorithm, hex.toLowerCase());
    }
    return; // the strongest that is there is enough
  }
}

async function checkFile(folder: string, path: string, algorithm: string, expected: string): Promise<void> {
  if (path.startsWith("/") || path.split("/").includes("..")) {
    throw new AppError("E_PATH_ESCAPE", `the bag's manifest names ${JSON.stringify(path)}, which is not in the bag`);
  }
  const hash = createHash(algorithm);
  try {
    // a stream without an encoding gives buffers
    for await (const chunk of createReadStream(join(folder, path))) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw new AppError("E_SOURCE_CHECKSUM", `${path}: is in the bag's manifest and cannot be read`, { cause });
  }
  const found = hash.digest("hex");
  if (found === expected) return;
  throw new AppError("E_SOURCE_CHECKSUM", `${path}: expected ${algorithm} ${expected}, found ${found}`, {
    hint: "fetch it again; if it happens twice, the archive's copy is damaged",
  });
}

/** Only line ends and the percent sign are encoded in manifests. */
function decodePath(path: string): string {
  return path.replaceAll(/%0D/gi, "\r").replaceAll(/%0A/gi, "\n").replaceAll("%25", "%");
}
