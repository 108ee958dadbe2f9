import { tryParseGitUrl } from "../git/git-url.ts";
import type { SourceProvider } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";
import { tryParseDataset } from "./ckan-dataset.ts";

/**
 * Datasets of CKAN sites: `/dataset/ID`, with `?activity_id=` or `/history/ID`, below any prefix. Whether a site is one
 * of CKAN is asked when the spec is resolved; a git repository with such a path is found then.
 */
export const ckanProvider: SourceProvider = {
  name: "ckan",
  detect: (text) => {
    const dataset = tryParseDataset(text);
    const gitUrl = dataset === undefined ? undefined : tryParseGitUrl(text);
    if (dataset === undefined || gitUrl === undefined) return undefined;
    const { base, id, activity } = dataset;
    return {
      provider: "ckan",
      shown: `${base}/dataset/${id}${activity === undefined ? "" : `?activity_id=${activity}`}`,
      name: repositoryName(id),
      resolve: async (request, context) => {
        const { resolveCkan } = await import("./resolve-ckan.ts");
        return resolveCkan(dataset, gitUrl, request, context);
      },
    };
  },
};
