import { tryParseDigest, type BlobDigest } from "../../service/names.ts";
import { refuse } from "../../service/refusal.ts";

/** A `library://` reference as it stands in a path. */
export interface LibraryReference {
  /** As the registry names it: lower case. */
  readonly repository: string;
  /** As it was asked for, for whoever builds it. */
  readonly name: string;
  readonly tag: string;
  /** The SIF's own digest, when it is named by that. */
  readonly digest: BlobDigest | undefined;
}

/**
 * Splits `E/C/N:T` at its first colon: names hold none, tags may. Without tag it is `latest`; of several tags the
 * first counts; `sha256.HEX` is a digest. Names of git hosts come in any case and are the same in each.
 *
 * Clients take what stands before a name of one or two parts for a part of it: `library://HOST/lab/x` is asked for as
 * `HOST/lab/x`.
 * @param ownHost of this server, with its port: no name begins with it
 */
export function parseLibraryReference(path: string, ownHost: string): LibraryReference {
  const clean = path.replace(/^\/+/, "");
  const named = clean.startsWith(`${ownHost}/`) ? clean.slice(ownHost.length) : clean;
  const [, name = "", text] = /^\/*([^:]*?)\/*(?::(.*))?$/s.exec(named) ?? [];
  const tag = text?.split(",")[0] ?? "";
  return {
    repository: name.toLowerCase(),
    name,
    tag: tag === "" ? "latest" : tag,
    digest: tryParseDigest(tag.replace(/^sha256\./, "sha256:")),
  };
}

/** The id of a repository in this API: it names itself, in letters that may stand in a path. */
export function containerId(repository: string): string {
  return Buffer.from(repository).toString("base64url");
}

/** @throws request-invalid */
export function parseContainerId(id: string): string {
  const repository = Buffer.from(id, "base64url").toString("utf8");
  if (repository !== "" && containerId(repository) === id) return repository;
  throw refuse("request-invalid", `"${id}" is no id of a container`);
}

/** The id of an image: of its repository and its digest. */
export function imageId(repository: string, digest: BlobDigest): string {
  return containerId(`${repository}@${digest}`);
}

/** @throws request-invalid */
export function parseImageId(id: string): { readonly repository: string; readonly digest: BlobDigest } {
  const [repository = "", text = ""] = Buffer.from(id, "base64url").toString("utf8").split("@");
  const digest = tryParseDigest(text);
  if (repository !== "" && digest !== undefined) return { repository, digest };
  throw refuse("request-invalid", `"${id}" is no id of an image`);
}

/** How this API writes a digest. */
export function libraryHash(digest: string): string {
  return digest.replace(":", ".");
}

/** Entity, collection and container: the last part is the container, the first the entity, the rest the collection. */
export function partsOf(repository: string): {
  readonly entityName: string;
  readonly collectionName: string;
  readonly containerName: string;
} {
  const parts = repository.split("/");
  return {
    entityName: parts.length > 1 ? (parts[0] ?? "") : "",
    collectionName: parts.slice(1, -1).join("/"),
    containerName: parts.at(-1) ?? "",
  };
}
