import { isAppError } from "@repo2singularity/base";
import { z } from "zod";
import { resolveGit } from "../git/git-provider.ts";
import type { GitUrl } from "../git/git-url.ts";
import type { SourceClient } from "../http/source-client.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchFiles, type RecordFile } from "../record/fetch-files.ts";
import { oneRef } from "../record/one-ref.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import { repositoryName } from "../spec/repository-name.ts";
import type { CkanDataset } from "./ckan-dataset.ts";

const StatusAnswer = z.object({ success: z.literal(true), result: z.object({ ckan_version: z.string().optional() }) });
const Dataset = z.object({
  id: z.string(),
  name: z.string().optional(),
  metadata_modified: z.string(),
  resources: z.array(z.object({ id: z.string(), url: z.string().nullish() })),
});
const DatasetAnswer = z.object({ result: Dataset });

/**
 * The state of a dataset that is meant: an entry of its history (of the URL or of `--ref`), else the present one, which
 * its time of change names. A site that is not CKAN's is asked for a git repository instead.
 * Source: https://docs.ckan.org ("API guide": status_show, package_show, activity_data_show)
 * @throws E_USAGE, E_SOURCE_NOT_FOUND, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveCkan(
  dataset: CkanDataset,
  gitUrl: GitUrl,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const found = await withClient(context, (client) => findDataset(client, dataset, request.ref));
  if (found === undefined) {
    return resolveGit({ url: gitUrl, name: repositoryName(gitUrl.shown), shownUrl: gitUrl.shown }, request, context);
  }
  const modifiedSeconds = epochSeconds(found.metadata_modified);
  const state = found.activity ?? `v${modifiedSeconds ?? found.metadata_modified}`;
  const page = `${dataset.base}/dataset/${dataset.id}`;
  const facts = {
    provider: "ckan",
    name: repositoryName(found.name ?? dataset.id),
    url: found.activity === undefined ? page : `${page}?activity_id=${found.activity}`,
    revision: `${found.id}.${state}`,
    timeSeconds: modifiedSeconds,
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    await fetchFiles(filesOf(found.resources), folder, tools);
    return undefined;
  });
}

type FoundDataset = z.infer<typeof Dataset> & { readonly activity: string | undefined };

/** @returns undefined when the site is not one of CKAN */
async function findDataset(
  client: SourceClient,
  dataset: CkanDataset,
  ref: string | undefined,
): Promise<FoundDataset | undefined> {
  const api = `${dataset.base}/api/3/action`;
  try {
    await client.json(`${api}/status_show`, StatusAnswer);
  } catch (error) {
    const isOther = ["E_SOURCE_NOT_FOUND", "E_SOURCE_FETCH", "E_SOURCE_AUTH"] as const;
    if (isOther.some((code) => isAppError(error, code))) return undefined;
    throw error;
  }
  const activity = oneRef(dataset.activity, ref, `${dataset.base}/dataset/${dataset.id}`);
  const query =
    activity === undefined
      ? `package_show?id=${encodeURIComponent(dataset.id)}`
      : `activity_data_show?id=${encodeURIComponent(activity)}&object_type=package`;
  const { result } = await client.json(`${api}/${query}`, DatasetAnswer);
  return { ...result, activity };
}

/** Resources are files of one folder, named by their addresses; a second of one name gets its identifier in front. */
function filesOf(resources: z.infer<typeof Dataset>["resources"]): RecordFile[] {
  const taken = new Set<string>();
  return resources.flatMap(({ id, url }) => {
    if (url === undefined || url === null || !/^https?:\/\//i.test(url) || !URL.canParse(url)) return [];
    const last = new URL(url).pathname.split("/").at(-1) ?? "";
    const name = last === "" ? id : decoded(last);
    const path = taken.has(name) ? `${id}-${name}` : name;
    taken.add(path);
    return [{ path, url }];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll("/", "-");
  } catch {
    return text; // a lone percent sign stands for itself
  }
}
