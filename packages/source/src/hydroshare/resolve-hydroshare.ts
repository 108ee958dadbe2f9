import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { discardBody, headerOf } from "@repo2singularity/base/http";
import { z } from "zod";
import type { SourceClient } from "../http/source-client.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchArchive } from "../record/fetch-record.ts";
import { refuseRef } from "../record/one-ref.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import type { RecordTools } from "../record/record-tools.ts";
import { verifyBag } from "./verify-bag.ts";

const ElementsAnswer = z.object({ dates: z.array(z.object({ type: z.string(), start_date: z.string() })) });

const site = "https://www.hydroshare.org";
const pauseMs = 10_000;
const longestWaitMs = 120_000;

/**
 * The state that a resource has now. Resources change in place: the time of the last change is part of the revision.
 * Source: https://help.hydroshare.org (REST API); the addresses that repo2docker 2026.04 uses
 * @throws E_USAGE for a ref, E_SOURCE_NOT_FOUND, E_SOURCE_AUTH, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveHydroshare(
  id: string,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const url = `${site}/resource/${id}`;
  refuseRef(request.ref, url, "leave --ref out: HydroShare gives the newest state only");
  const answer = await withClient(context, (client) =>
    client.json(`${site}/hsapi/resource/${id}/scimeta/elements`, ElementsAnswer),
  );
  const modifiedSeconds = epochSeconds(answer.dates.find(({ type }) => type === "modified")?.start_date);
  if (modifiedSeconds === undefined) {
    throw new AppError("E_SOURCE_FETCH", `${url}: the resource does not say when it was changed`);
  }
  const facts = {
    provider: "hydroshare",
    name: `hydroshare-${id}`,
    url,
    revision: `hydroshare.${id}.v${modifiedSeconds}`,
    timeSeconds: modifiedSeconds,
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    await bringBag(id, folder, tools);
    return undefined;
  });
}

/** A resource is served as a BagIt bag; only what its owner put in is wanted. */
async function bringBag(id: string, folder: string, tools: RecordTools): Promise<void> {
  const address = `${site}/django_s3/download/bags/${id}.zip`;
  await waitForBag(address, tools);
  const unpacked = `${folder}.bag`;
  await fetchArchive({ url: address, shown: `${id}.zip` }, unpacked, tools);
  await verifyBag(join(unpacked, id));
  await rm(folder, { recursive: true });
  await rename(join(unpacked, id, "data", "contents"), folder).catch((cause: unknown) => {
    throw new AppError("E_SOURCE_NOT_FOUND", `the resource ${id} has no files`, { cause });
  });
  await rm(unpacked, { recursive: true });
}

/** Bags are packed when they are asked for; until then the address answers with a page. */
async function waitForBag(address: string, tools: RecordTools): Promise<void> {
  const { client } = tools;
  const endMs = client.clock.now() + longestWaitMs;
  for (;;) {
    if (await client.retry(() => isBagReady(address, client))) return;
    if (client.clock.now() + pauseMs > endMs) {
      throw new AppError("E_SOURCE_NETWORK", `${address}: was not packed within ${longestWaitMs / 1000} seconds`, {
        hint: "try again in some minutes",
        retryable: true,
      });
    }
    tools.onLine?.("HydroShare is packing the resource");
    await client.clock.sleep(pauseMs, client.signal);
  }
}

async function isBagReady(address: string, client: SourceClient): Promise<boolean> {
  const answer = await client.ask(address);
  discardBody(answer);
  return !/^(?:text|application\/json)\b/i.test(headerOf(answer, "content-type") ?? "");
}
