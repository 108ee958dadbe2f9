import { AppError, redactUrl } from "@repo2singularity/base";
import type { Checksum } from "../http/download-file.ts";
import type { SourceProvider } from "../provider/port.ts";
import { parseChecksum } from "../record/parse-checksum.ts";
import { repositoryName } from "../spec/repository-name.ts";
import { isArchiveName } from "../unpack/archive-names.ts";
import type { UrlArchive } from "./url-archive.ts";

const forgeArchive = /\/(?<repository>[^/]+)\/(?:-\/)?archive\//;
const suffixes = /\.(?:zip|tar|tgz|txz|tbz2?|tzst|tar\.\w+)$/i;

/** Zip and tar archives on any web server: `https://…/x.tar.gz`, with `#sha256=HEX` when it has to be that very one. */
export const urlArchiveProvider: SourceProvider = {
  name: "archive",
  detect: (text) => {
    if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
    const url = new URL(text);
    if (!isArchiveName(url.pathname)) return undefined;
    const checksum = checksumOf(url.hash, text);
    const promised = checksum === undefined ? "" : `#${checksum.algorithm}=${checksum.hex}`;
    url.hash = "";
    const archive: UrlArchive = { url, shown: redactUrl(url.href) + promised, name: nameOf(url.pathname), checksum };
    return {
      provider: "archive",
      shown: archive.shown,
      name: archive.name,
      resolve: async (request, context) => {
        const { resolveUrlArchive } = await import("./resolve-url-archive.ts");
        return resolveUrlArchive(archive, request, context);
      },
    };
  },
};

/** Archives that forges make of a ref are named after the repository, others after their file. */
function nameOf(path: string): string {
  const decoded = path.replaceAll(/%[0-9a-f]{2}/gi, "-");
  return repositoryName(forgeArchive.exec(decoded)?.groups?.["repository"] ?? decoded.replace(suffixes, ""));
}

function checksumOf(hash: string, text: string): Checksum | undefined {
  const { algorithm, hex } = /^#(?<algorithm>md5|sha1|sha256|sha512)=(?<hex>.*)$/.exec(hash)?.groups ?? {};
  if (algorithm === undefined || hex === undefined) return undefined;
  const checksum = parseChecksum(algorithm, hex);
  if (checksum !== undefined) return checksum;
  throw new AppError("E_SPEC_INVALID", `"${redactUrl(text)}": what stands behind ${algorithm}= is no ${algorithm}`, {
    hint: "write the digits that sha256sum prints",
  });
}
