import { isAbsolute, resolve } from "node:path";

/** What a base's reference asks for. */
export type BaseReference =
  | { readonly kind: "auto" }
  | { readonly kind: "debootstrap"; readonly suite: string }
  /** An image in a registry, a docker archive or an OCI layout: the reference is the registry room's to parse. */
  | { readonly kind: "oci"; readonly reference: string }
  /** A root directory, a `.sif` or `.sqfs` file, or a docker archive, told apart by what is there. */
  | { readonly kind: "path"; readonly path: string };

/**
 * Parses what `--base` takes: `auto`, `debootstrap:SUITE`, `docker://…`, `docker-archive:…`, `oci:…`, `oci-archive:…`
 * or a path.
 * @param cwd folder against which a relative path is resolved
 */
export function parseBaseReference(text: string, cwd: string): BaseReference {
  if (text === "auto") return { kind: "auto" };
  const suite = /^debootstrap:(?<suite>.*)$/.exec(text)?.groups?.["suite"];
  if (suite !== undefined) return { kind: "debootstrap", suite };
  if (/^(?:docker|docker-archive|oci|oci-archive):/.test(text)) return { kind: "oci", reference: text };
  return { kind: "path", path: isAbsolute(text) ? text : resolve(cwd, text) };
}
