import { mkdir } from "node:fs/promises";
import { createCheckout, type Checkout } from "../checkout/checkout.ts";
import { enterSubdir } from "../checkout/subdir.ts";
import { ByteBudget, defaultMaxBytes } from "../http/byte-budget.ts";
import { openSourceClient, type SourceClient } from "../http/source-client.ts";
import type { ResolvedSource, SourceContext } from "../provider/port.ts";
import { checkLinks } from "../unpack/check-links.ts";
import { defaultUnpackLimits } from "../unpack/unpack-limits.ts";
import type { RecordTools } from "./record-tools.ts";

/** What is known of a record before its files are fetched. */
export interface RecordFacts {
  readonly provider: string;
  readonly name: string;
  /** Its page. */
  readonly url: string;
  /** Names this state of the record and no other; undefined when only the content will tell. */
  readonly revision: string | undefined;
  /** When this state was published, in seconds since 1970, where the provider says so. */
  readonly timeSeconds?: number | undefined;
  readonly subdir: string | undefined;
}

/** Fills an empty folder. @returns the revision, when only the content tells it */
export type BringRecord = (folder: string, tools: RecordTools) => Promise<string | undefined>;

/** A record of an archive at one fixed state. */
export function recordSource(facts: RecordFacts, bring: BringRecord): ResolvedSource {
  const { provider, name, url, revision, subdir } = facts;
  return {
    provider,
    name,
    url,
    ref: undefined,
    commit: undefined,
    revision,
    subdir,
    fetch: (folder, context) => fetchRecordSource(facts, bring, folder, context),
  };
}

/** Calls something with a client that is closed behind it. */
export async function withClient<Result>(
  context: SourceContext,
  call: (client: SourceClient) => Promise<Result>,
): Promise<Result> {
  await using client = await openSourceClient(context);
  return await call(client);
}

async function fetchRecordSource(
  facts: RecordFacts,
  bring: BringRecord,
  folder: string,
  context: SourceContext,
): Promise<Checkout> {
  await mkdir(folder, { recursive: true });
  const revision = await withClient(context, (client) => bring(folder, toolsOf(client, context)));
  await checkLinks(folder, facts.url);
  const checkout = {
    provider: facts.provider,
    directory: await enterSubdir(folder, facts.subdir),
    name: facts.name,
    url: facts.url,
    ref: undefined,
    commit: undefined,
    revision: revision ?? facts.revision,
    commitTimeSeconds: facts.timeSeconds,
    isDirty: false,
    subdir: facts.subdir,
  };
  return createCheckout(checkout, context);
}

function toolsOf(client: SourceClient, context: SourceContext): RecordTools {
  const { maxBytes = defaultMaxBytes, runProcess, env, signal } = context;
  return {
    client,
    budget: new ByteBudget(maxBytes),
    onProgress: context.onProgress,
    onLine: context.onLine,
    unpack: { runProcess, env, signal, limits: { ...defaultUnpackLimits, maxBytes } },
  };
}
