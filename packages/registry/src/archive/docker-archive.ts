import { AppError, sha256Hex, type Digest } from "@repo2singularity/base";
import type { ByteSource } from "@repo2singularity/image";
import { DockerArchiveManifest, OciConfig, parseDocument } from "../oci/documents.ts";
import type { OciImage, OciLayer } from "../oci/model.ts";
import { verifyStream } from "../oci/verify-stream.ts";
import { compressionOf, tarFiles, type ArchiveFiles } from "./archive-files.ts";
import { readDocument } from "./read-file.ts";

type ArchivedImage = DockerArchiveManifest[number];

/**
 * Reads a file of `docker save`, `podman save`, `skopeo copy … docker-archive:` or kaniko, in its old form
 * (folders with `layer.tar`) and its new one (an OCI layout with a `manifest.json`).
 * Layers are read from their place in the archive when opened; nothing is unpacked.
 * @param name tag such as `debian:13`, or `@N` for the image of index N; the only image when left out
 * @throws E_OCI_INVALID, E_TAR_INVALID, E_TAR_TRUNCATED; E_REGISTRY_NOT_FOUND when it has no such image
 */
export async function readDockerArchive(path: string, name?: string): Promise<OciImage> {
  const files = await tarFiles(path);
  const manifestBytes = await readDocument(files, "manifest.json");
  const manifest = parseDocument(DockerArchiveManifest, manifestBytes, `${path}: manifest.json`);
  const chosen = chooseImage(manifest, name, path);
  const configBytes = await readDocument(files, chosen.Config);
  const config = parseDocument(OciConfig, configBytes, `${path}: ${chosen.Config}`);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== chosen.Layers.length) {
    throw new AppError(
      "E_OCI_INVALID",
      `${path}: the manifest has ${chosen.Layers.length} layers, the config ${diffIds.length}`,
    );
  }
  const layers = await Promise.all(diffIds.map((diffId, index) => toLayer(files, chosen.Layers[index] ?? "", diffId)));
  return {
    reference: `docker-archive:${path}${name === undefined ? "" : `:${name}`}`,
    digest: `sha256:${sha256Hex(configBytes)}`,
    config,
    layers,
  };
}

function chooseImage(manifest: DockerArchiveManifest, name: string | undefined, path: string): ArchivedImage {
  const tags = manifest.flatMap((image) => image.RepoTags ?? []);
  const fits = (image: ArchivedImage): boolean => (image.RepoTags ?? []).some((tag) => isSameTag(tag, name ?? ""));
  const byIndex = /^@(?<index>\d+)$/.exec(name ?? "")?.groups?.["index"];
  const found = byIndex !== undefined ? manifest[Number(byIndex)] : manifest.find(fits);
  if (found !== undefined) return found;
  const [only] = manifest;
  if (name === undefined && manifest.length === 1 && only !== undefined) return only;
  if (name === undefined) {
    throw new AppError("E_REGISTRY_NOT_FOUND", `${path}: has ${manifest.length} images: ${tags.join(", ")}`, {
      hint: "name one: docker-archive:FILE:TAG",
    });
  }
  throw new AppError("E_REGISTRY_NOT_FOUND", `${path}: has no image "${name}", but ${tags.join(", ") || "none"}`);
}

/** Docker Hub's names are stored short or long, and a tag may be left out. */
function isSameTag(stored: string, asked: string): boolean {
  const plain = (tag: string): string => {
    const short = tag.replace(/^docker\.io\//, "").replace(/^library\//, "");
    return /:[^/]*$/.test(short) ? short : `${short}:latest`;
  };
  return plain(stored) === plain(asked);
}

async function toLayer(files: ArchiveFiles, path: string, diffId: Digest): Promise<OciLayer> {
  const source = await files.find(path);
  if (source === undefined) throw new AppError("E_OCI_INVALID", `${files.place}: the layer ${path} is not there`);
  const blob = /^blobs\/sha256\/(?<hex>[0-9a-f]{64})$/.exec(path)?.groups?.["hex"];
  // the old form names no digest, but stores the plain tar, of which the config does
  const digest: Digest | undefined = blob !== undefined ? `sha256:${blob}` : await plainDigest(source, diffId);
  const { sizeBytes } = source;
  return {
    digest,
    diffId,
    mediaType: "application/vnd.docker.image.rootfs.diff.tar",
    sizeBytes,
    open: (signal) => {
      signal?.throwIfAborted();
      return verifyStream(source.read(0, sizeBytes), { what: `${files.place}: ${path}`, digest, sizeBytes });
    },
  };
}

async function plainDigest(source: ByteSource, diffId: Digest): Promise<Digest | undefined> {
  for await (const start of source.read(0, Math.min(4, source.sizeBytes))) {
    if (compressionOf(start) !== undefined) return undefined;
  }
  return diffId;
}
