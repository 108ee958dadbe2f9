import { AppError } from "@repo2singularity/base";
import { z } from "zod";
import type { SourceClient } from "../http/source-client.ts";
import type { ResolvedSource, SourceContext, SourceRequest } from "../provider/port.ts";
import { epochSeconds } from "../record/epoch-seconds.ts";
import { fetchArchive } from "../record/fetch-record.ts";
import { refuseRef } from "../record/one-ref.ts";
import { recordSource, withClient } from "../record/record-source.ts";
import type { RecordTools } from "../record/record-tools.ts";
import { unwrapFolder } from "../unpack/unwrap-folder.ts";
import { gitTreeHash } from "./git-tree-hash.ts";
import type { Swhid } from "./swhid.ts";

const hash = z.string().regex(/^[0-9a-f]{40}$/);
const RevisionAnswer = z.object({ directory: hash, committer_date: z.string().nullish() });
const ReleaseAnswer = z.object({ target: hash, target_type: z.string() });
const VaultAnswer = z.object({
  status: z.enum(["new", "pending", "done", "failed"]),
  fetch_url: z.string(),
  progress_message: z.string().nullish(),
});

const archive = "https://archive.softwareheritage.org";
const pauseMs = 5_000;
/** Cooking a large repository takes its time; nobody waits for more than an hour. */
const longestWaitMs = 60 * 60 * 1000;

/**
 * The directory that an identifier stands for; it never changes, and its identifier is the revision.
 * Source: https://archive.softwareheritage.org/api/1/ ("revision", "release", "vault/flat")
 * @throws E_USAGE for a ref, E_SOURCE_NOT_FOUND, E_SOURCE_NETWORK, E_SOURCE_FETCH
 */
export async function resolveSoftwareHeritage(
  swhid: Swhid,
  request: SourceRequest,
  context: SourceContext,
): Promise<ResolvedSource> {
  const shown = `swh:1:${swhid.type}:${swhid.hash}`;
  refuseRef(request.ref, shown, "give the identifier of the revision itself");
  const { directory, timeSeconds } = await withClient(context, (client) => findDirectory(client, swhid));
  const facts = {
    provider: "software-heritage",
    name: `swh-${swhid.type}-${swhid.hash.slice(0, 12)}`,
    url: `${archive}/${shown}`,
    revision: `swh:1:dir:${directory}`,
    timeSeconds,
    subdir: request.subdir,
  };
  return recordSource(facts, async (folder, tools) => {
    await bringDirectory(directory, folder, tools);
    if ((await gitTreeHash(folder)) !== directory) {
      context.onNotice?.(
        `${facts.revision}: what the archive delivered is not the whole directory; it replaces files that it could not keep`,
      );
    }
    return undefined;
  });
}

interface FoundDirectory {
  readonly directory: string;
  readonly timeSeconds: number | undefined;
}

async function findDirectory(client: SourceClient, { type, hash: id }: Swhid): Promise<FoundDirectory> {
  if (type === "dir") return { directory: id, timeSeconds: undefined };
  if (type === "rev") {
    const answer = await client.json(`${archive}/api/1/revision/${id}/`, RevisionAnswer);
    return { directory: answer.directory, timeSeconds: epochSeconds(answer.committer_date) };
  }
  const { target, target_type: kind } = await client.json(`${archive}/api/1/release/${id}/`, ReleaseAnswer);
  if (kind === "revision") return findDirectory(client, { type: "rev", hash: target });
  if (kind === "directory") return { directory: target, timeSeconds: undefined };
  throw new AppError("E_SOURCE_NOT_FOUND", `the release swh:1:rel:${id} has a ${kind}, which is no directory`, {
    hint: "give the identifier of a revision or directory",
  });
}

async function bringDirectory(directory: string, folder: string, tools: RecordTools): Promise<void> {
  const swhid = `swh:1:dir:${directory}`;
  const address = await cook(`${archive}/api/1/vault/flat/${swhid}/`, tools);
  await fetchArchive({ url: address, shown: `${swhid}.tar.gz` }, folder, tools);
  await unwrapFolder(folder);
}

/** Asks the vault to pack a directory and waits until it has. @returns where the bundle is */
async function cook(address: string, tools: RecordTools): Promise<string> {
  const { client } = tools;
  const endMs = client.clock.now() + longestWaitMs;
  let answer = await client.json(address, VaultAnswer, { method: "POST" });
  while (answer.status !== "done") {
    const said = answer.progress_message ?? "";
    if (answer.status === "failed") {
      throw new AppError("E_SOURCE_FETCH", `${address}: packing failed${said === "" ? "" : `: ${said}`}`, {
        hint: "try again later, or clone the repository from its origin",
      });
    }
    if (client.clock.now() + pauseMs > endMs) {
      throw new AppError("E_SOURCE_NETWORK", `${address}: was not packed within an hour`, {
        hint: "try again later: the vault keeps on packing",
        retryable: true,
      });
    }
    tools.onLine?.(`Software Heritage is packing the directory${said === "" ? "" : `: ${said}`}`);
    await client.clock.sleep(pauseMs, client.signal);
    answer = await client.json(address, VaultAnswer);
  }
  return new URL(answer.fetch_url, address).href;
}
