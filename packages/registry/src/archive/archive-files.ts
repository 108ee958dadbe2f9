import { open, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { AppError } from "@repo2singularity/base";
import { fileSource, indexTar, type ByteSource, type TarMember } from "@repo2singularity/image";

/** The files of an archive or folder that holds an image, by their paths in it. */
export interface ArchiveFiles {
  /** Where they are, for messages. */
  readonly place: string;
  /** @returns `undefined` when there is no such file; links are followed within the archive */
  find(path: string): Promise<ByteSource | undefined>;
}

/**
 * The files of a folder.
 * @throws E_OCI_INVALID when it is no folder
 */
export async function folderFiles(folder: string): Promise<ArchiveFiles> {
  const facts = await stat(folder).catch(() => undefined);
  if (facts?.isDirectory() !== true) throw new AppError("E_OCI_INVALID", `${folder}: is no folder`);
  return {
    place: folder,
    find: async (path) => {
      const full = join(folder, safePath(path, folder));
      const found = await stat(full).catch(() => undefined);
      return found?.isFile() === true ? fileSource(full) : undefined;
    },
  };
}

/**
 * The members of a tar archive that is not compressed as a whole; its layers may be.
 * @throws E_OCI_INVALID when there is no such file or it is compressed; E_TAR_INVALID, E_TAR_TRUNCATED
 */
export async function tarFiles(path: string): Promise<ArchiveFiles> {
  await checkIsPlainTar(path);
  const archive = await fileSource(path);
  const members = new Map((await indexTar(archive)).map((member) => [member.path, member]));
  return {
    place: path,
    find: async (name) => {
      const member = followLinks(members, posix.normalize(name), path);
      if (member === undefined) return undefined;
      return fileSource(path, { offset: member.offset, sizeBytes: member.sizeBytes });
    },
  };
}

async function checkIsPlainTar(path: string): Promise<void> {
  const start = Buffer.alloc(4);
  try {
    await using file = await open(path, "r");
    await file.read(start, 0, 4, 0);
  } catch (error) {
    throw new AppError("E_OCI_INVALID", `${path}: cannot be read`, { cause: error });
  }
  const compression = compressionOf(start);
  if (compression === undefined) return;
  throw new AppError("E_OCI_INVALID", `${path}: the archive is compressed as a whole`, {
    hint: `unpack it first: ${compression === "gzip" ? "gunzip" : "unzstd"} ${path}`,
  });
}

/** How a file is compressed, by its first 4 bytes; `undefined` for a plain tar. */
export function compressionOf(start: Uint8Array): "gzip" | "zstd" | undefined {
  const [first, second, third, fourth] = start;
  if (first === 0x1f && second === 0x8b) return "gzip";
  return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd ? "zstd" : undefined;
}

/** Old versions of `docker save` store a layer that two images share once, and links to it. */
function followLinks(members: ReadonlyMap<string, TarMember>, name: string, place: string): TarMember | undefined {
  let path = safePath(name, place);
  for (let hops = 0; hops < 10; hops += 1) {
    const member = members.get(path);
    if (member?.linkTarget === undefined) return member?.type === "file" ? member : undefined;
    const target = member.type === "symlink" ? posix.join(posix.dirname(path), member.linkTarget) : member.linkTarget;
    path = safePath(target, place);
  }
  throw new AppError("E_OCI_INVALID", `${place}: the links of ${name} lead nowhere`);
}

function safePath(path: string, place: string): string {
  const normal = posix.normalize(path);
  if (normal.startsWith("../") || normal === ".." || posix.isAbsolute(normal)) {
    throw new AppError("E_PATH_ESCAPE", `${place}: names the file "${path}", which lies outside`);
  }
  return normal;
}
