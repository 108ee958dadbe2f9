import { AppError, isAppError, redactUrl } from "@repo2singularity/base";
import { z } from "zod";
import { dataverseSpec } from "../dataverse/dataverse-provider.ts";
import type { SourceClient } from "../http/source-client.ts";
import { archiveProviders } from "../provider/archive-providers.ts";
import type { ResolvedSource, SourceContext, SourceRequest, Spec } from "../provider/port.ts";
import { withClient } from "../record/record-source.ts";
import { encodeDoi } from "./doi.ts";

const HandleAnswer = z.object({
  values: z.array(z.object({ type: z.string(), data: z.object({ value: z.unknown() }) })).optional(),
});
const InstallationsAnswer = z.object({ installations: z.array(z.object({ hostname: z.string() })) });

const resolver = "https://doi.org/api/handles";
const installationsList = "https://iqss.github.io/dataverse-installations/data/data.json";

/**
 * Finds the record that a DOI names and hands it to the provider whose host it is. A page that no provider knows by its
 * form may still be one of a Dataverse installation: their list is asked then.
 * Source: https://www.doi.org/the-identifier/resources/factsheets/doi-resolution-documentation, "Proxy server REST API"
 * @throws E_SOURCE_NOT_FOUND when there is no such DOI, E_SPEC_INVALID when it leads to none of the archives, and what
 * the provider throws
 */
export async function resolveDoi(doi: string, request: SourceRequest, context: SourceContext): Promise<ResolvedSource> {
  const spec = await withClient(context, async (client) => {
    const page = await readPage(client, doi);
    return detectArchive(page) ?? (await askInstallations(client, doi, page)) ?? unknownPage(doi, page);
  });
  return spec.resolve(request, context);
}

async function readPage(client: SourceClient, doi: string): Promise<string> {
  const answer = await client.json(`${resolver}/${encodeDoi(doi)}`, HandleAnswer).catch((error: unknown) => {
    if (!isAppError(error, "E_SOURCE_NOT_FOUND")) throw error;
    throw new AppError("E_SOURCE_NOT_FOUND", `there is no DOI ${doi}`, { hint: "check its spelling", cause: error });
  });
  const urls = (answer.values ?? []).filter(({ type }) => type === "URL").map(({ data }) => data.value);
  const page = urls.find((value) => typeof value === "string");
  if (page !== undefined) return page;
  throw new AppError("E_SOURCE_NOT_FOUND", `the DOI ${doi} leads to no page`, { hint: "give the URL of its record" });
}

function detectArchive(page: string): Spec | undefined {
  for (const provider of archiveProviders) {
    const spec = provider.detect(page, { cwd: "/" });
    if (spec !== undefined) return spec;
  }
  return undefined;
}

async function askInstallations(client: SourceClient, doi: string, page: string): Promise<Spec | undefined> {
  if (!URL.canParse(page)) return undefined;
  const { hostname, origin } = new URL(page);
  const answer = await client.json(installationsList, InstallationsAnswer).catch((error: unknown) => {
    if (isAppError(error)) return undefined; // the list only helps; without it the page stays unknown
    throw error;
  });
  const isInstallation = answer?.installations.some((known) => known.hostname === hostname) === true;
  return isInstallation
    ? dataverseSpec({ base: origin, kind: "any", id: `doi:${doi}`, version: undefined })
    : undefined;
}

function unknownPage(doi: string, page: string): never {
  throw new AppError("E_SPEC_INVALID", `the DOI ${doi} leads to ${redactUrl(page)}, which is no archive known here`, {
    hint: "give the URL of the repository it is about, or download it and give the folder",
  });
}
