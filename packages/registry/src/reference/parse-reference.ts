import { isAbsolute, resolve } from "node:path";
import { AppError, type Digest } from "@repo2singularity/base";

/** An image in a registry: `host/repository`, and what of it. */
export interface RegistryReference {
  readonly kind: "docker";
  /** As in the reference, such as `docker.io` or `127.0.0.1:5000`. */
  readonly host: string;
  /** Such as `library/debian`. */
  readonly repository: string;
  /** `latest` when the reference had neither tag nor digest. */
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

/** A file of `docker save`, or an OCI layout as a folder or as a tar of one. */
export interface ArchiveReference {
  readonly kind: "docker-archive" | "oci" | "oci-archive";
  /** Absolute. */
  readonly path: string;
  /** Tag, name or digest of the image in it; its only image when left out. */
  readonly name: string | undefined;
}

/** Where an OCI image comes from. */
export type ImageReference = RegistryReference | ArchiveReference;

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;

/**
 * Parses `docker://HOST/REPO:TAG@DIGEST`, `docker-archive:FILE[:TAG]`, `oci:DIR[:TAG]` or `oci-archive:FILE[:TAG]`.
 * @param options folder against which relative paths are resolved
 * @throws E_REFERENCE_INVALID with an example of the right form
 */
export function parseReference(text: string, options: { readonly cwd: string }): ImageReference {
  const match = /^(?<scheme>docker-archive|oci-archive|oci|docker):(?<rest>.+)$/s.exec(text);
  const scheme = match?.groups?.["scheme"];
  const rest = match?.groups?.["rest"] ?? "";
  switch (scheme) {
    case "docker":
      return parseRegistryReference(rest.replace(/^\/\//, ""), text);
    case "docker-archive":
    case "oci":
    case "oci-archive":
      return parseArchive(scheme, rest.replace(/^\/\/(?=.)/, ""), options.cwd);
    default:
      throw invalid(text, "it has none of the schemes docker://, docker-archive:, oci: and oci-archive:");
  }
}

function parseRegistryReference(rest: string, text: string): RegistryReference {
  const at = rest.indexOf("@");
  const named = at < 0 ? rest : rest.slice(0, at);
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  if (digest !== undefined && !digestPattern.test(digest)) throw invalid(text, `"${digest}" is no sha256 digest`);
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const hasHost = first.includes(".") || first.includes(":") || first === "localhost";
  const host = hasHost ? first : "docker.io";
  const path = hasHost ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(":");
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  const repository = colon < 0 ? path : path.slice(0, colon);
  if (!hostPattern.test(host)) throw invalid(text, `"${host}" is no host name`);
  if (!repositoryPattern.test(repository)) throw invalid(text, `"${repository}" is no repository name`);
  if (tag !== undefined && !tagPattern.test(tag)) throw invalid(text, `"${tag}" is no tag`);
  const isOfficial = host === "docker.io" && !repository.includes("/");
  return {
    kind: "docker",
    host: host.toLowerCase(),
    repository: isOfficial ? `library/${repository}` : repository,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest: digest as Digest | undefined, // has the form of a digest, checked above
  };
}

/** A name follows the first colon, as in `x.tar:debian:13`: a path with a colon in it cannot be written. */
function parseArchive(kind: ArchiveReference["kind"], rest: string, cwd: string): ArchiveReference {
  const match = /^(?<path>[^:]+)(?::(?<name>.+))?$/s.exec(rest);
  const path = match?.groups?.["path"] ?? "";
  if (path === "") throw invalid(`${kind}:${rest}`, "it names no file");
  return { kind, path: isAbsolute(path) ? path : resolve(cwd, path), name: match?.groups?.["name"] };
}

function invalid(text: string, reason: string): AppError {
  return new AppError("E_REFERENCE_INVALID", `"${text}" is no image reference: ${reason}`, {
    hint: "write docker://debian:13, docker-archive:FILE.tar, oci:DIR or oci-archive:FILE.tar",
  });
}

/** A reference as its users write it. */
export function formatReference(reference: ImageReference): string {
  if (reference.kind !== "docker") {
    return `${reference.kind}:${reference.path}${reference.name === undefined ? "" : `:${reference.name}`}`;
  }
  const { host, repository, tag, digest } = reference;
  const shown = host === "docker.io" ? repository.replace(/^library\//, "") : `${host}/${repository}`;
  return `docker://${shown}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}
