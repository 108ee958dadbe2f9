import { AppError, formatSize, parseSize } from "@repo2singularity/base";
import {
  applyRetention,
  collectGarbage,
  describeRepository,
  keepImage,
  listCollections,
  parseRole,
  planRetention,
  setCollection,
  setMember,
} from "@repo2singularity/registry/server";
import type { HostIo } from "../host-io.ts";
import { readNamedText } from "../named-file.ts";
import { openRegistryPlace, type RegistryPlaceFlags } from "../registry/open-registry-place.ts";

/** Options of `registry collection`. */
export interface CollectionFlags extends RegistryPlaceFlags {
  readonly private?: boolean;
  readonly description?: string;
  readonly quota?: string;
  readonly keepLast?: number;
  readonly expireUnused?: number;
  readonly member: readonly string[];
}

const hourMs = 3_600_000;

/** `registry collection PATH`: says what holds for all repositories at and below a path, and shows all that was said. */
export async function changeCollection(path: string | undefined, flags: CollectionFlags, io: HostIo): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  const { state, now } = place.registry;
  if (path !== undefined) {
    const name = path === "." ? "" : path;
    const { keepLast, expireUnused } = flags;
    const hasRules = keepLast !== undefined || expireUnused !== undefined;
    await setCollection(state.db, name, {
      ...(flags.private !== undefined && { isPrivate: flags.private }),
      ...(flags.description !== undefined && { description: flags.description }),
      ...(flags.quota !== undefined && { quotaBytes: flags.quota === "none" ? null : parseSize(flags.quota) }),
      ...(hasRules && {
        retention: {
          ...(keepLast !== undefined && { keepLast }),
          ...(expireUnused !== undefined && { expireUnusedDays: expireUnused }),
        },
      }),
    });
    for (const text of flags.member) {
      const [account = "", role = ""] = text.split("=");
      await setMember(state.db, name, { account, role: role === "none" ? undefined : parseRole(role) }, now());
    }
  }
  for (const collection of await listCollections(state.db)) {
    const { isPrivate, quotaBytes, retention, description } = collection;
    const facts = [
      isPrivate ? "private" : "public",
      ...(quotaBytes === undefined ? [] : [`quota ${formatSize(quotaBytes)}`]),
      ...(retention.keepLast === undefined ? [] : [`keeps the last ${retention.keepLast} of a branch`]),
      ...(retention.expireUnusedDays === undefined ? [] : [`expires after ${retention.expireUnusedDays} unused days`]),
    ];
    io.stdout.write(`${collection.path === "" ? "." : collection.path}  ${facts.join(", ")}  ${description}\n`);
  }
}

/** `registry repository NAME`: says what a repository is for. */
export async function changeRepository(
  name: string,
  flags: RegistryPlaceFlags & { readonly description?: string; readonly readme?: string },
  io: HostIo,
): Promise<void> {
  const { description, readme } = flags;
  if (description === undefined && readme === undefined) {
    throw new AppError("E_USAGE", "nothing is said of the repository", { hint: "add --description or --readme" });
  }
  const text = readme === undefined ? undefined : await readNamedText(readme, io);
  await using place = await openRegistryPlace(flags, io);
  const texts = { ...(description !== undefined && { description }), ...(text !== undefined && { readme: text }) };
  if (await describeRepository(place.registry, name, texts)) return;
  throw new AppError("E_REGISTRY_NOT_FOUND", `the registry has no repository ${name}`);
}

/** `registry keep NAME:TAG`: no rule removes it, as for images that are cited. */
export async function keepInRegistry(
  image: string,
  flags: RegistryPlaceFlags & { readonly undo?: boolean },
  io: HostIo,
): Promise<void> {
  const [, repository = "", tag = "latest"] = /^([^:]+)(?::(.+))?$/.exec(image) ?? [];
  await using place = await openRegistryPlace(flags, io);
  if (await keepImage(place.registry, { repository, tag }, flags.undo !== true)) return;
  throw new AppError("E_REGISTRY_NOT_FOUND", `the registry has no ${repository}:${tag}`);
}

/** `registry retain`: removes the tags that the rules of their collections let go. */
export async function retainInRegistry(
  flags: RegistryPlaceFlags & { readonly dryRun?: boolean },
  io: HostIo,
): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  const expired = await planRetention(place.registry);
  for (const { repository, tag, architecture, reason } of expired) {
    io.stdout.write(`${repository}:${tag}  ${architecture}  ${reason}\n`);
  }
  if (flags.dryRun !== true) await applyRetention(place.registry, expired);
  io.stdout.write(`${expired.length} tags ${flags.dryRun === true ? "would go" : "removed"}\n`);
}

/** `registry gc`: removes what nobody can reach. */
export async function collectInRegistry(
  flags: RegistryPlaceFlags & { readonly dryRun?: boolean; readonly untagged?: boolean; readonly grace: number },
  io: HostIo,
): Promise<void> {
  await using place = await openRegistryPlace(flags, io);
  const report = await collectGarbage(place.registry, {
    isDryRun: flags.dryRun === true,
    untagged: flags.untagged === true,
    graceMs: flags.grace * hourMs,
    signal: io.signal,
  });
  const { manifestCount, blobCount, blobBytes, uploadCount } = report;
  const verb = flags.dryRun === true ? "would remove" : "removed";
  io.stdout.write(
    `${verb} ${manifestCount} manifests, ${blobCount} blobs (${formatSize(blobBytes)}), ${uploadCount} uploads\n`,
  );
}
