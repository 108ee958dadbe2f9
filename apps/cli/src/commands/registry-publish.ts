import { mkdir } from "node:fs/promises";
import { AppError } from "@repo2singularity/base";
import { downloadImage, resolveRemoteImage } from "@repo2singularity/registry";
import { planSite, publishSite } from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";
import { openRemoteAccess } from "../remote-access.ts";
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

/** A file of a web server is there for all. */
const anyPlatform = { os: "linux", architecture: "amd64" } as const;

/**
 * `registry publish`: the site of a registry, as files in a folder or objects in a bucket. Images that another machine
 * has built, such as an earlier run of a CI service, are fetched from the site as it is.
 */
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
  await using access = await openRemoteAccess({}, io);
  const images = imagesFolder(root);
  const report = await publishSite(planSite(tree, url), store, {
    imagesFolder: images,
    signal: io.signal,
    fetchImage: async (name, digest, file) => {
      await mkdir(images, { recursive: true });
      const remote = await resolveRemoteImage({ kind: "web", url: `${url}/${name}` }, anyPlatform, access);
      await downloadImage({ ...remote, digest }, file, { signal: io.signal });
      io.stderr.write(`fetched ${url}/${name}\n`);
    },
  });
  const { writtenCount, keptCount, removedCount } = report;
  io.stdout.write(`${place}: ${writtenCount} files written, ${keptCount} as they were, ${removedCount} removed\n`);
}
