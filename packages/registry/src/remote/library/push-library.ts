import * as z from "zod";
import { AppError } from "@repo2singularity/base";
import { discardBody } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import { fileUpload } from "../../push/upload-source.ts";
import type { PushedImage } from "../../push/push-oras.ts";
import { apiPath, createLibraryApi, type LibraryApi } from "./library-api.ts";
import { formatLibraryReference, pushNames, type LibraryReference } from "./library-reference.ts";
import { resolveLibraryServer, type LibraryAccess } from "./library-server.ts";
import { hasApiVersion, readApiVersion } from "./api-version.ts";
import { uploadToLibrary } from "./upload-image.ts";

/** What is pushed to a library. */
export interface PushLibraryOptions extends LibraryAccess {
  /** In Go's names: the tags of a library are kept apart by it. */
  readonly architecture: string;
  readonly description?: string;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

const Identified = z.object({ id: z.string().min(1) });
const ImageRecord = Identified.extend({ uploaded: z.boolean().default(false) });

/**
 * Pushes a SIF to a library and sets its tags. Entity, collection and container are made where they are missing; what
 * is there already is not sent.
 * @throws E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL, E_REFERENCE_INVALID, E_FILE_ACCESS
 * Source: container-library-client 1.4.10, `client/push.go`
 */
export async function pushLibrary(
  path: string,
  reference: LibraryReference,
  options: PushLibraryOptions,
): Promise<PushedImage> {
  const names = pushNames(reference);
  const api = createLibraryApi(await resolveLibraryServer(reference.host, options), options);
  const source = await fileUpload(path, options.signal);
  const container = await ensureContainer(api, names);
  const image = await ensureImage(api, {
    path: names.join("/"),
    hash: source.digest.replace(":", "."),
    container,
    architecture: options.architecture,
    description: options.description ?? "",
  });
  const version = await readApiVersion(api);
  if (!image.uploaded) await uploadToLibrary(api, { id: image.id, path, source, version }, options);
  for (const tag of reference.tags) {
    await setTag(api, version, { container, tag, image: image.id, architecture: options.architecture });
  }
  const { digest, sizeBytes } = source;
  return { digest, manifestDigest: undefined, sizeBytes, sentBytes: image.uploaded ? 0 : sizeBytes };
}

async function ensureContainer(api: LibraryApi, names: readonly [string, string, string]): Promise<string> {
  const [entity, collection, container] = names;
  const description = "No description";
  const entityId = await ensure(api, "entities", entity, { name: entity, description });
  const collectionId = await ensure(api, "collections", `${entity}/${collection}`, {
    name: collection,
    description,
    entity: entityId,
    private: false,
  });
  return ensure(api, "containers", names.join("/"), {
    name: container,
    description,
    collection: collectionId,
    private: false,
  });
}

/** @returns the id of what was found or made */
async function ensure(
  api: LibraryApi,
  kind: "entities" | "collections" | "containers",
  name: string,
  wanted: object,
): Promise<string> {
  const found = await api.get(apiPath(`/v1/${kind}`, name), Identified);
  return (found ?? (await api.send("POST", `/v1/${kind}`, wanted, Identified))).id;
}

async function ensureImage(
  api: LibraryApi,
  image: {
    readonly path: string;
    readonly hash: string;
    readonly container: string;
    readonly architecture: string;
    readonly description: string;
  },
): Promise<z.infer<typeof ImageRecord>> {
  const { path, hash, container, architecture, description } = image;
  const found = await api.get(apiPath("/v1/images", `${path}:${hash}`, { arch: architecture }), ImageRecord);
  return found ?? api.send("POST", "/v1/images", { hash, description, container }, ImageRecord);
}

async function setTag(
  api: LibraryApi,
  version: string | undefined,
  wanted: { readonly container: string; readonly tag: string; readonly image: string; readonly architecture: string },
): Promise<void> {
  const { container, tag, image, architecture } = wanted;
  // its keys begin with capitals
  const plain = { Tag: tag, ImageID: image };
  const isByArchitecture = hasApiVersion(version, "2.0.0-alpha.2");
  const path = apiPath(isByArchitecture ? "/v2/tags" : "/v1/tags", container);
  await api.send("POST", path, isByArchitecture ? { Arch: architecture, ...plain } : plain, z.unknown());
}

/**
 * Deletes an image of a library.
 * @throws E_REGISTRY_NOT_FOUND when there is none
 */
export async function deleteFromLibrary(
  reference: LibraryReference,
  architecture: string,
  access: LibraryAccess,
): Promise<void> {
  const api = createLibraryApi(await resolveLibraryServer(reference.host, access), access);
  const path = apiPath("/v1/images", `${reference.path}:${reference.tags[0]}`, { arch: architecture });
  const answer = await api.ask(path, { method: "DELETE" });
  if (answer.statusCode === 404) {
    discardBody(answer);
    throw new AppError(
      "E_REGISTRY_NOT_FOUND",
      `${formatLibraryReference(reference)}: there is none for ${architecture}`,
    );
  }
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
  discardBody(answer);
}
