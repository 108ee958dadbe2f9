import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { putImageObject } from "@repo2singularity/registry";
import {
  chooseEntries,
  describeImage,
  formatEntry,
  formatImageDocument,
  imageFile,
  type RegistryTree,
  type TagEntry,
} from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";
import type { BuildFlags } from "../options.ts";
import { formatError } from "../output/format-error.ts";
import { readableError } from "../output/readable-error.ts";
import { openPlace } from "../static-registry/open-place.ts";
import {
  type FolderFlags,
  imagesFolder,
  readSoundRegistry,
  registryFolder,
} from "../static-registry/registry-folder.ts";
import { buildOnly } from "./build.ts";

/** Options of `registry build`. */
export interface BuildRegistryFlags extends FolderFlags {
  readonly force?: boolean;
  readonly local?: boolean;
  readonly endpointUrl?: string;
}

/**
 * `registry build`: builds tags as the main command does, brings images to the storage and writes their `image.yaml`.
 * One that fails does not keep the others from being built.
 * @returns 1 when one failed
 */
export async function buildRegistry(names: readonly string[], flags: BuildRegistryFlags, io: HostIo): Promise<number> {
  const tree = await readSoundRegistry(registryFolder(flags, io));
  const entries = chooseEntries(tree, names, flags.force === true);
  const failed: string[] = [];
  for (const entry of entries) {
    io.stderr.write(`${formatEntry(entry)}\n`);
    try {
      await buildEntry(entry, tree, flags, io);
      io.stdout.write(`built ${formatEntry(entry)}\n`);
    } catch (error) {
      io.signal.throwIfAborted();
      failed.push(formatEntry(entry));
      io.stderr.write(formatError(readableError(error), { jsonLogs: false, debug: false }));
    }
  }
  if (entries.length === 0) io.stdout.write("everything is up to date\n");
  if (failed.length > 0) io.stderr.write(`not built: ${failed.join(", ")}\n`);
  return failed.length === 0 ? 0 : 1;
}

async function buildEntry(entry: TagEntry, tree: RegistryTree, request: BuildRegistryFlags, io: HostIo): Promise<void> {
  const images = imagesFolder(tree.root);
  await mkdir(images, { recursive: true });
  const scratch = await mkdtemp(path.join(images, ".building-"));
  try {
    const { repository, options } = buildWords(entry, tree);
    const flags: BuildFlags = { ...noLists, ...options, imageName: "image", force: true };
    const { path: built } = await buildOnly(repository, flags, { ...io, cwd: scratch });
    const recipe = entry.recipe?.digest;
    const origin = { built: new Date(), ...(recipe !== undefined && { recipe }) };
    const document = await describeImage(built, origin, io.signal);
    const url = request.local === true ? undefined : await store(built, document.digest, entry, tree, request, io);
    await rename(built, path.join(images, `${hexOf(document.digest)}.sif`));
    const text = formatImageDocument(url === undefined ? document : { ...document, url });
    await writeFile(path.join(tree.root, entry.folder, imageFile), text);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The options that take lists, when none is given. */
const noLists = { buildArg: [], buildContext: [], secret: [], bind: [] } as const;

function buildWords(
  { recipe, folder }: TagEntry,
  { root }: RegistryTree,
): { readonly repository: string; readonly options: Partial<BuildFlags> } {
  if (recipe === undefined) throw new AppError("E_INTERNAL", `${folder}: has no recipe`);
  if (recipe.kind === "definition") {
    return { repository: path.join(root, folder), options: { definition: "Singularity" } };
  }
  const { repository, ...rest } = recipe.source;
  // what is not said is left out, not undefined
  const said = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { repository, options: Object.fromEntries(said) };
}

/** Brings an image to the registry's storage. @returns where everybody gets it; undefined without a storage */
async function store(
  file: string,
  digest: string,
  { namespace, name, tag }: TagEntry,
  { settings }: RegistryTree,
  { endpointUrl }: BuildRegistryFlags,
  io: HostIo,
): Promise<string | undefined> {
  const { storage, storageUrl } = settings;
  if (storage === undefined || storageUrl === undefined) return undefined;
  // never replaced: an older site goes on working until it is published anew
  const object = `${namespace}/${name}/${hexOf(digest).slice(0, 16)}/${name}_${tag}.sif`;
  await using place = await openPlace(storage, endpointUrl, io);
  await putImageObject(place, object, file, { signal: io.signal });
  return `${storageUrl}/${object}`;
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
