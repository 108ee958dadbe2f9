import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { createRegistry, openState, type RegistryContext } from "@repo2singularity/registry/server";
import { openDiskObjectStore, parseS3Place } from "@repo2singularity/store/objects";
import type { HostIo } from "../host-io.ts";
import { openObjectStorage } from "../object-storage.ts";

/** Options that say which registry is meant. */
export interface RegistryPlaceFlags {
  /** A folder, or `s3://BUCKET[/PREFIX]`. */
  readonly root: string;
  /** Folder of the database; the root when that is a folder. */
  readonly state?: string;
  /** URL of an object storage other than Amazon's. */
  readonly endpointUrl?: string;
}

/** A registry that lies somewhere; disposing of it closes its database and connections. */
export interface RegistryPlace extends AsyncDisposable {
  readonly registry: RegistryContext;
  /** Where the database lies. */
  readonly stateFolder: string;
}

/**
 * Opens a registry, which is made when it is absent. Several processes may have it open, such as a server and the
 * commands that look after it.
 * @throws E_USAGE, E_REGISTRY_STATE
 */
export async function openRegistryPlace(
  flags: RegistryPlaceFlags & { readonly sparseManifests?: boolean },
  io: HostIo,
): Promise<RegistryPlace> {
  const isStorage = flags.root.startsWith("s3://");
  if (isStorage && flags.state === undefined) {
    throw new AppError("E_USAGE", `${flags.root} holds the images, but the registry's database needs a folder`, {
      hint: "add --state FOLDER, on a disk of this machine",
    });
  }
  const stateFolder = path.resolve(io.cwd, flags.state ?? flags.root);
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  await using opening = new AsyncDisposableStack();
  const state = opening.use(await openState(path.join(stateFolder, "registry.db")));
  const objects = opening.use(
    isStorage
      ? await openObjectStorage(parseS3Place(flags.root), flags.endpointUrl, io)
      : openDiskObjectStore(path.join(path.resolve(io.cwd, flags.root), "objects")),
  );
  const registry = createRegistry({ state, objects, allowsSparse: flags.sparseManifests === true });
  const open = opening.move();
  return { registry, stateFolder, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
