import { AppError } from "@repo2singularity/base";

/** An image of a library: `library://[HOST/]ENTITY/COLLECTION/CONTAINER[:TAG,TAG]`. */
export interface LibraryReference {
  readonly kind: "library";
  /** With its port; undefined for that of the login in use. */
  readonly host: string | undefined;
  /** Usually three names with slashes between; servers may know fewer or more. */
  readonly path: string;
  /** At least one; a pull takes the first. `sha256.` and 64 digits name a content. */
  readonly tags: readonly [string, ...string[]];
}

/**
 * Parses a library reference by apptainer's rules: with three slashes or more the first part is a host. A first part
 * with a port is one as well, which apptainer cannot have. A tag may hold slashes only when a host is given.
 * @throws E_REFERENCE_INVALID
 * Source: apptainer 1.4, container-library-client 1.4, `client/ref.go`
 */
export function parseLibraryReference(text: string): LibraryReference {
  const match = /^library:(?:\/\/)?(?<rest>[^\s?#]+)$/.exec(text);
  const rest = match?.groups?.["rest"] ?? "";
  const hasHost = rest.split("/").length > 3 || /^[^/:]+:\d+\//.test(rest);
  const slash = rest.indexOf("/");
  const host = hasHost ? rest.slice(0, slash) : undefined;
  const named = hasHost ? rest.slice(slash + 1) : rest;
  const colon = named.indexOf(":");
  const path = colon < 0 ? named : named.slice(0, colon);
  const [first = "latest", ...others] = colon < 0 ? [] : named.slice(colon + 1).split(",");
  const isPath = path !== "" && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isPath || [first, ...others].includes("") || (host !== undefined && !hostPattern.test(host))) {
    throw new AppError("E_REFERENCE_INVALID", `"${text}" is no image of a library`, {
      hint: "write library://ENTITY/COLLECTION/CONTAINER:TAG, or library://HOST/ENTITY/COLLECTION/CONTAINER:TAG",
    });
  }
  return { kind: "library", host, path, tags: [first, ...others] };
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;
const pushedNamePattern = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * The three names of what is pushed.
 * @throws E_REFERENCE_INVALID when there are not three, or a name has characters that the API does not allow
 */
export function pushNames(reference: LibraryReference): readonly [string, string, string] {
  const [entity, collection, container, ...more] = reference.path.split("/");
  const names = [entity, collection, container];
  if (entity !== undefined && collection !== undefined && container !== undefined && more.length === 0) {
    if (names.every((name) => pushedNamePattern.test(name ?? ""))) return [entity, collection, container];
  }
  throw new AppError("E_REFERENCE_INVALID", `"${formatLibraryReference(reference)}" cannot be pushed to`, {
    hint: "write ENTITY/COLLECTION/CONTAINER in lower case, with single dots, dashes and underscores inside the names",
  });
}

/** A reference as its users write it. */
export function formatLibraryReference({ host, path, tags }: LibraryReference): string {
  return `library://${host === undefined ? "" : `${host}/`}${path}:${tags.join(",")}`;
}
