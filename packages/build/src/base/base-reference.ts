import { isAbsolute, resolve } from "node:path";

/** What a base's reference asks for. */
export type BaseReference =
  | { readonly kind: "auto" }
  /** Nothing but the folders that runtimes need. */
  | { readonly kind: "scratch" }
  | {
      readonly kind: "debootstrap";
      readonly suite: string;
      /** URL of an archive of the user's own choice. */
      readonly mirror?: string;
      /** `YYYY-MM-DD` when the release is to be as it was at the end of that day. */
      readonly day?: string;
    }
  /** An image in a registry, a docker archive or an OCI layout: the reference is the registry room's to parse. */
  | { readonly kind: "oci"; readonly reference: string }
  /** An image of a docker daemon, by its name there. */
  | { readonly kind: "daemon"; readonly name: string }
  /** A SIF of a library, a registry, a hub or a web server: the reference is the registry room's to parse. */
  | { readonly kind: "remote"; readonly reference: string }
  /** A root directory, a `.sif` or `.sqfs` file, or a docker archive, told apart by what is there. */
  | { readonly kind: "path"; readonly path: string };

/**
 * Parses what `--base` takes: `auto`, `scratch`, `debootstrap:SUITE[@MIRROR|@DAY]`, `docker://…`, `docker-archive:…`,
 * `docker-daemon:…`, `oci:…`, `oci-archive:…`, `library://…`, `oras://…`, `shub://…`, `https://…` or a path.
 * @param cwd folder against which a relative path is resolved
 */
export function parseBaseReference(text: string, cwd: string): BaseReference {
  if (text === "auto") return { kind: "auto" };
  if (text === "scratch") return { kind: "scratch" };
  const release = /^debootstrap:(?<suite>[^@]*)(?:@(?<mirror>.*))?$/.exec(text)?.groups;
  if (release !== undefined) {
    const { suite = "", mirror } = release;
    if (mirror !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(mirror)) return { kind: "debootstrap", suite, day: mirror };
    return { kind: "debootstrap", suite, ...(mirror === undefined ? {} : { mirror }) };
  }
  const inDaemon = /^docker-daemon:(?:\/\/)?(?<name>.+)$/.exec(text)?.groups?.["name"];
  if (inDaemon !== undefined) return { kind: "daemon", name: inDaemon };
  if (/^(?:docker|docker-archive|oci|oci-archive):/.test(text)) return { kind: "oci", reference: text };
  if (/^(?:library|oras|shub|https?):/.test(text)) return { kind: "remote", reference: text };
  return { kind: "path", path: isAbsolute(text) ? text : resolve(cwd, text) };
}
