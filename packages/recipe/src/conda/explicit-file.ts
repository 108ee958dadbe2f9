import { invalidFile, type ConfigFile } from "../detect/config-file.ts";
import type { CondaPackage } from "./conda-request.ts";

/** Whether a text is a list of addresses of packages. */
export function isExplicit(text: string): boolean {
  return /^@EXPLICIT\s*$/m.test(text);
}

/**
 * Reads a list of addresses: a line `@EXPLICIT`, then one address a line with a digest after `#`.
 * @throws E_RECIPE_FILE_INVALID with the line that is no address of a package
 * Source: conda, "Building identical conda environments"; conda-lock, `explicit`
 */
export function parseExplicit(file: ConfigFile): readonly CondaPackage[] {
  return file.text.split(/\r?\n/).flatMap((line, index): readonly CondaPackage[] => {
    const text = line.trim();
    if (text === "" || text.startsWith("#") || text === "@EXPLICIT") return [];
    return [packageLine(file, text, index + 1)];
  });
}

function packageLine(file: ConfigFile, text: string, line: number): CondaPackage {
  const groups =
    /^(?<url>[a-z][a-z0-9+.-]*:\/\/[^\s#]+\.(?:conda|tar\.bz2))(?:#(?:sha256:)?(?<digest>[0-9a-f]{64}|[0-9a-f]{32}))?$/i.exec(
      text,
    )?.groups;
  const url = groups?.["url"];
  if (url === undefined) throw invalidFile(file.path, `"${text}" is not the address of a conda package`, { line });
  const digest = groups?.["digest"]?.toLowerCase();
  if (digest === undefined) return { url };
  return digest.length === 64 ? { url, sha256: digest } : { url, md5: digest };
}
