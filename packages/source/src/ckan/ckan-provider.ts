import { tryParseGitUrl } from "../git/git-url.ts";
import type { SourceProvider } from "../provider/port.ts";
import { repositoryName } from "../spec/repository-name.ts";

/** A dataset on a CKAN site. */
export interface CkanDataset {
  /** Address of the site with its prefix, without a slash at the end. */
  readonly base: string;
  /** Name or UUID. */
  readonly id: string;
  /** An entry of the dataset's history; its present state when undefined. */
  readonly activity: string | undefined;
}

const datasetPath =
  /^(?<prefix>.*?)\/dataset\/(?:(?:activity|changes)\/)?(?<id>[\w.-]+)(?:\/history\/(?<activity>[\w-]+))?\/?$/;
/** Forges where `dataset` can only be an account or repository. */
const forges = /^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)$/i;

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

function tryParseDataset(text: string): CkanDataset | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, hostname, pathname, searchParams } = new URL(text);
  const { prefix = "", id, activity } = datasetPath.exec(pathname)?.groups ?? {};
  if (id === undefined || id.endsWith(".git") || forges.test(hostname)) return undefined;
  const asked = searchParams.get("activity_id") ?? "";
  return { base: origin + prefix, id, activity: activity ?? (/^[\w-]+$/.test(asked) ? asked : undefined) };
}
