import { AppError } from "@repo2singularity/base";
import { planSite, publishSite } from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";
import { openPlace } from "../static-registry/open-place.ts";
import {
  type FolderFlags,
  imagesFolder,
  readSoundRegistry,
  registryFolder,
} from "../static-registry/registry-folder.ts";

/** Options of `registry publish`. */
export interface PublishFlags extends FolderFlags {
  readonly url?: string;
  readonly endpointUrl?: string;
}

/** `registry publish`: the site of a registry, as files in a folder or objects in a bucket. */
export async function publishRegistry(place: string, flags: PublishFlags, io: HostIo): Promise<void> {
  const root = registryFolder(flags, io);
  const tree = await readSoundRegistry(root);
  const url = (flags.url ?? tree.settings.url)?.replace(/\/+$/, "");
  if (url === undefined || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new AppError("E_USAGE", "where the site will be is not known", {
      hint: "set url in registry.yaml, or give --url https://…: clients are told of it",
    });
  }
  await using store = await openPlace(place, flags.endpointUrl, io);
  const report = await publishSite(planSite(tree, url), store, { imagesFolder: imagesFolder(root), signal: io.signal });
  const { writtenCount, keptCount, removedCount } = report;
  io.stdout.write(`${place}: ${writtenCount} files written, ${keptCount} as they were, ${removedCount} removed\n`);
}
