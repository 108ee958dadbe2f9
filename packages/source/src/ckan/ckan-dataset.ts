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
 * The dataset that a URL names, by the form of CKAN's pages.
 * @returns undefined for any other text, and for forges where the form means something else
 */
export function tryParseDataset(text: string): CkanDataset | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const { origin, hostname, pathname, searchParams } = new URL(text);
  const { prefix = "", id, activity } = datasetPath.exec(pathname)?.groups ?? {};
  if (id === undefined || id.endsWith(".git") || forges.test(hostname)) return undefined;
  const asked = searchParams.get("activity_id") ?? "";
  return { base: origin + prefix, id, activity: activity ?? (/^[\w-]+$/.test(asked) ? asked : undefined) };
}
