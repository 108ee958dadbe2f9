import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "@repo2singularity/base";
import { ImageConfig } from "@repo2singularity/contracts";
import { openSif, openSquashfs, type TreeEntry } from "@repo2singularity/image";
import type { BaseDependencies } from "./base-dependencies.ts";
import type { BaseOrigin } from "./base-layer.ts";

/** What a file is, as far as bases can be made of it. */
export type ImageFileKind = "sif" | "squashfs" | "tar";

/** Tells a file's kind by its first bytes. @returns `undefined` for anything else */
export async function imageFileKind(path: string): Promise<ImageFileKind | undefined> {
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
  const start = buffer.subarray(0, bytesRead);
  if (start.toString("latin1", 32, 41) === "SIF_MAGIC") return "sif";
  if (start.toString("latin1", 0, 4) === "hsqs") return "squashfs";
  return start.toString("latin1", 257, 262) === "ustar" ? "tar" : undefined;
}

/**
 * A `.sif` or squashfs file as a base, known by its sha256. What a runtime put into the image for itself
 * (`/.singularity.d` and its links) is left out, since the new image gets its own.
 * @throws E_SIF_NO_OBJECT, E_SQUASHFS_INVALID, E_SQUASHFS_TRUNCATED
 */
export async function imageFileBase(
  path: string,
  kind: "sif" | "squashfs",
  deps: BaseDependencies,
): Promise<BaseOrigin> {
  const signal = deps.signal === undefined ? {} : { signal: deps.signal };
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { ...signal, highWaterMark: 2 ** 20 })) hash.update(chunk);
  return {
    reference: basename(path),
    contentKey: `image with config sha256:${hash.digest("hex")}`,
    environment: {},
    config: await readSingularityConfig(path, kind),
    entries: () => imageEntries(path, kind, deps.signal),
  };
}

async function* imageEntries(
  path: string,
  kind: "sif" | "squashfs",
  signal: AbortSignal | undefined,
): AsyncGenerator<TreeEntry, void, undefined> {
  await using image = await openSquashfs(path, kind === "sif" ? await primaryWindow(path) : {});
  for await (const entry of image.entries(signal === undefined ? {} : { signal })) {
    if (!isOfRuntime(entry)) yield entry;
  }
}

async function primaryWindow(path: string): Promise<{ readonly offsetBytes: number; readonly sizeBytes: number }> {
  await using sif = await openSif(path);
  const { offset, sizeBytes, partition } = sif.primaryPartition();
  if (partition !== undefined && partition.fileSystem !== "squashfs") {
    throw new AppError("E_IMAGE_FORMAT", `${path}: its system partition is ${partition.fileSystem}, not squashfs`);
  }
  return { offsetBytes: offset, sizeBytes };
}

/** Texts of a SIF that images made from it take over, when their own definition says nothing else. */
const inheritedFiles =
  "env/10-docker2singularity.sh env/90-environment.sh env/91-environment.sh runscript startscript test runscript.help labels.json".split(
    " ",
  );

const textLimitBytes = 2 ** 20;

async function readSingularityConfig(path: string, kind: "sif" | "squashfs"): Promise<ImageConfig> {
  await using image = await openSquashfs(path, kind === "sif" ? await primaryWindow(path) : {});
  const singularityFiles: Record<string, string> = {};
  for (const name of inheritedFiles) {
    const entry = await image.lookup(`.singularity.d/${name}`);
    if (entry?.type !== "file" || entry.sizeBytes > textLimitBytes) continue;
    const bytes = await image.readFile(`.singularity.d/${name}`);
    if (bytes !== undefined) singularityFiles[name] = Buffer.from(bytes).toString("utf8");
  }
  return ImageConfig.parse({ singularityFiles, labels: tryParseLabels(singularityFiles["labels.json"]) });
}

function tryParseLabels(text: string | undefined): Readonly<Record<string, string>> {
  try {
    const parsed = ImageConfig.shape.labels.safeParse(JSON.parse(text ?? "{}"));
    return parsed.success ? parsed.data : {};
  } catch {
    return {}; // somebody else's file: an image without labels
  }
}

const runtimeLinks = new Set([".exec", ".run", ".shell", ".test", "singularity", "environment"]);

/** The links count only while they lead into the runtime's folder: a base may have a program of its own there. */
function isOfRuntime({ path, linkTarget }: TreeEntry): boolean {
  if (path === ".singularity.d" || path.startsWith(".singularity.d/")) return true;
  return runtimeLinks.has(path) && (linkTarget ?? "").startsWith(".singularity.d/");
}
