import { AppError, redactUrl } from "@repo2singularity/base";
import type { SourceProvider } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";
import { tryParseDoi } from "./doi.ts";

const claimsToBeDoi = /^(?:doi:|https?:\/\/(?:dx\.|www\.)?doi\.org\/)/i;

/** Digital object identifiers; whose record one names is asked of doi.org when it is resolved. */
export const doiProvider: SourceProvider = {
  name: "doi",
  detect: (text) => {
    const doi = tryParseDoi(text);
    if (doi === undefined && !claimsToBeDoi.test(text)) return undefined;
    if (doi === undefined) {
      throw new AppError("E_SPEC_INVALID", `"${redactUrl(text)}" is not a DOI`, {
        hint: "write it as 10.5281/zenodo.1234",
      });
    }
    return {
      provider: "doi",
      shown: `doi:${doi.replaceAll("%", "%25")}`,
      name: repositoryName(doi),
      resolve: async (request, context) => {
        const { resolveDoi } = await import("./resolve-doi.ts");
        return resolveDoi(doi, request, context);
      },
    };
  },
};
