import { access, copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import {
  describeImage,
  formatImageDocument,
  imageFile,
  nameProblem,
  SourceDocument,
} from "@repo2singularity/registry/static";
import type { HostIo } from "../host-io.ts";
import { type FolderFlags, registryFolder } from "../static-registry/registry-folder.ts";

/** Options of `registry add`. */
export interface AddFlags extends FolderFlags {
  readonly definition?: string;
  readonly repository?: string;
  readonly ref?: string;
  readonly subdir?: string;
  readonly image?: string;
  readonly url?: string;
}

/** `registry add`: a tag's folder with its recipe, or with what is to be said of an image that was built elsewhere. */
export async function addToRegistry(name: string, flags: AddFlags, io: HostIo): Promise<void> {
  const folder = path.join(registryFolder(flags, io), folderOf(name));
  if (await exists(folder)) {
    throw new AppError("E_OUTPUT_EXISTS", `${folder}: the registry has this tag already`, {
      hint: "change its files, or choose another tag",
    });
  }
  const write = await chooseContent(flags, io);
  await mkdir(folder, { recursive: true });
  io.stdout.write(`${path.relative(io.cwd, await write(folder))}\n`);
}

/** Writes a file into a tag's folder. @returns its path */
type Writer = (folder: string) => Promise<string>;

async function chooseContent(flags: AddFlags, io: HostIo): Promise<Writer> {
  const { definition, repository, ref, subdir, image, url } = flags;
  const kinds = [definition, repository, image].filter((kind) => kind !== undefined);
  if (kinds.length !== 1 || (image === undefined) !== (url === undefined)) {
    throw new AppError("E_USAGE", "a tag is --definition FILE, --repository URL, or --image FILE with --url URL", {
      hint: "give one of the three",
    });
  }
  if (definition !== undefined) {
    const source = path.resolve(io.cwd, definition);
    if (!(await exists(source))) throw new AppError("E_USAGE", `${definition}: there is no such file`);
    return (folder) => copied(source, path.join(folder, "Singularity"));
  }
  if (image !== undefined && url !== undefined) {
    const document = await describeImage(path.resolve(io.cwd, image), { url }, io.signal);
    return (folder) => written(path.join(folder, imageFile), formatImageDocument(document));
  }
  const parsed = SourceDocument.safeParse({ repository, ref, subdir });
  if (!parsed.success) {
    throw new AppError("E_USAGE", `"${repository ?? ""}" is no repository of a registry`, {
      hint: "give a URL or a DOI",
    });
  }
  const lines = Object.entries({ repository, ref, subdir }).filter(([, value]) => value !== undefined);
  const text = lines.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join("");
  return (folder) => written(path.join(folder, "source.yaml"), text);
}

/** @throws E_USAGE when it is no name of a tag */
function folderOf(name: string): string {
  const [, namespace, container, tag] = /^([^/:]+)\/([^/:]+):([^/:]+)$/.exec(name) ?? [];
  if (namespace === undefined || container === undefined || tag === undefined) {
    throw new AppError("E_USAGE", `"${name}" names no tag`, { hint: "write it as namespace/name:tag" });
  }
  const problem = nameProblem("namespace", namespace) ?? nameProblem("name", container) ?? nameProblem("tag", tag);
  if (problem !== undefined) throw new AppError("E_USAGE", problem);
  return `${namespace}/${container}/manifests/${tag}`;
}

async function copied(from: string, to: string): Promise<string> {
  await copyFile(from, to);
  return to;
}

async function written(file: string, text: string): Promise<string> {
  await writeFile(file, text);
  return file;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
