import { AppError } from "@repo2singularity/base";
import type { SourceProvider } from "../provider/port.ts";

const core =
  /^(?:https?:\/\/archive\.softwareheritage\.org\/)?swh:1:(?<type>rev|dir|rel):(?<hash>[0-9a-f]{40})\/?(?:;.*)?$/;

/**
 * Revisions, releases and directories of Software Heritage by their identifier (SWHID). Qualifiers behind a semicolon
 * say where it was found and are not needed.
 * Source: ISO/IEC 18670, SWHID 1.2
 */
export const softwareHeritageProvider: SourceProvider = {
  name: "software-heritage",
  detect: (text) => {
    const { type, hash } = core.exec(text)?.groups ?? {};
    if (hash === undefined && /^swh:/i.test(text)) {
      throw new AppError("E_SPEC_INVALID", `"${text}" is not the SWHID of a directory, revision or release`, {
        hint: "write swh:1:rev: (or dir, rel) and 40 hexadecimal digits; other kinds have no files",
      });
    }
    if (hash === undefined || (type !== "rev" && type !== "dir" && type !== "rel")) return undefined;
    return {
      provider: "software-heritage",
      shown: `swh:1:${type}:${hash}`,
      name: `swh-${type}-${hash.slice(0, 12)}`,
      resolve: async (request, context) => {
        const { resolveSoftwareHeritage } = await import("./resolve-software-heritage.ts");
        return resolveSoftwareHeritage({ type, hash }, request, context);
      },
    };
  },
};
