import { AppError, type Digest } from "@repo2singularity/base";
import { isIndex, OciConfig, OciIndex, OciManifest, parseDocument, type OciDescriptor } from "../oci/documents.ts";
import { layersOf } from "../oci/layers-of.ts";
import type { OciImage } from "../oci/model.ts";
import { selectManifest, type Platform } from "../oci/platform.ts";
import { verifyStream } from "../oci/verify-stream.ts";
import { folderFiles, tarFiles, type ArchiveFiles } from "./archive-files.ts";
import { blobPath, readDocument } from "./read-file.ts";

/**
 * Reads an OCI image layout, a folder or a tar of one.
 * @param options `name`: the annotation `org.opencontainers.image.ref.name`, or a manifest's digest; the only
 * image when left out
 * @throws E_OCI_INVALID, E_OCI_DIGEST_MISMATCH; E_REGISTRY_NOT_FOUND when it has no such image or platform
 * Source: OCI image specification 1.1, "Image Layout"
 */
export async function readOciLayout(
  path: string,
  options: { readonly form: "folder" | "tar"; readonly platform: Platform; readonly name?: string },
): Promise<OciImage> {
  const files = options.form === "folder" ? await folderFiles(path) : await tarFiles(path);
  const what = `${path}: index.json`;
  const index = parseDocument(OciIndex, await readDocument(files, "index.json"), what);
  const named = index.manifests.filter((entry) => options.name === undefined || isNamed(entry, options.name));
  if (named.length === 0) {
    const names = index.manifests.map((entry) => entry.annotations?.[refName] ?? entry.digest);
    throw new AppError("E_REGISTRY_NOT_FOUND", `${path}: has no image "${options.name}", but ${names.join(", ")}`);
  }
  const chosen = await resolveManifest(files, { ...index, manifests: named }, options.platform);
  const manifest = parseDocument(
    OciManifest,
    await readDocument(files, blobPath(chosen), chosen),
    `${path}: ${chosen}`,
  );
  const configDigest = manifest.config.digest;
  const configBytes = await readDocument(files, blobPath(configDigest), configDigest);
  const config = parseDocument(OciConfig, configBytes, `${path}: ${configDigest}`);
  const scheme = options.form === "folder" ? "oci" : "oci-archive";
  return {
    reference: `${scheme}:${path}${options.name === undefined ? "" : `:${options.name}`}`,
    digest: chosen,
    config,
    layers: layersOf(manifest, config, path, ({ digest, size }, signal) => openBlob(files, digest, { size, signal })),
  };
}

const refName = "org.opencontainers.image.ref.name";

function isNamed(entry: OciDescriptor, name: string): boolean {
  const stored = entry.annotations?.[refName];
  return stored === name || entry.digest === name || entry.annotations?.["io.containerd.image.name"] === name;
}

/** Indexes may hold indexes: `docker buildx` writes an image of several platforms so. */
async function resolveManifest(files: ArchiveFiles, index: OciIndex, platform: Platform): Promise<Digest> {
  let current = index;
  for (let depth = 0; depth < 4; depth += 1) {
    const [only] = current.manifests;
    const isOnly = current.manifests.length === 1 && only !== undefined;
    const { digest } = isOnly ? only : selectManifest(current, platform, files.place);
    const bytes = await readDocument(files, blobPath(digest), digest);
    const what = `${files.place}: ${digest}`;
    if (!isIndex(bytes, what)) return digest;
    current = parseDocument(OciIndex, bytes, what);
  }
  throw new AppError("E_OCI_INVALID", `${files.place}: indexes lie in indexes more than 4 deep`);
}

async function* openBlob(
  files: ArchiveFiles,
  digest: Digest,
  options: { readonly size: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  options.signal?.throwIfAborted();
  const source = await files.find(blobPath(digest));
  const what = `${files.place}: ${blobPath(digest)}`;
  if (source === undefined) throw new AppError("E_OCI_INVALID", `${what}: is not there`);
  yield* verifyStream(source.read(0, source.sizeBytes), { what, digest, sizeBytes: options.size });
}
