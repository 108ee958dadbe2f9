import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, redactUrl } from "@repo2singularity/base";
import { parseLibraryReference, type LibraryReference } from "./library/library-reference.ts";
import { parseReference, type RegistryReference } from "../reference/parse-reference.ts";
import { parseShubReference } from "./shub/parse-shub-reference.ts";
import type { ShubReference } from "./shub/shub-image.ts";

/** A file of a web server. */
export interface WebReference {
  readonly kind: "web";
  readonly url: string;
}

/** An object of object storage. */
export interface S3Reference {
  readonly kind: "s3";
  readonly bucket: string;
  /** Without a leading slash. */
  readonly key: string;
}

/** A file of this machine. */
export interface FileReference {
  readonly kind: "file";
  /** Absolute. */
  readonly path: string;
}

/** A SIF in an OCI registry. */
export interface OrasReference extends Omit<RegistryReference, "kind"> {
  readonly kind: "oras";
}

/** Where an image is pulled from or pushed to. */
export type RemoteReference =
  | LibraryReference
  | OrasReference
  | RegistryReference
  | ShubReference
  | WebReference
  | S3Reference
  | FileReference;

const schemes = "library://, oras://, docker://, shub://, https://, s3:// and file://";

/**
 * Parses a reference with its scheme.
 * @param options folder against which a relative `file:` path is resolved
 * @throws E_REFERENCE_INVALID with what is allowed
 */
export function parseRemoteReference(text: string, options: { readonly cwd: string }): RemoteReference {
  const scheme = /^([a-z][a-z0-9]*):/.exec(text)?.[1];
  switch (scheme) {
    case "library":
      return parseLibraryReference(text);
    case "oras":
      return { ...parseDocker(text.replace(/^oras:/, "docker:"), options), kind: "oras" };
    case "docker":
      return parseDocker(text, options);
    case "shub":
      return parseShubReference(text);
    case "http":
    case "https":
      if (URL.canParse(text)) return { kind: "web", url: text };
      throw invalid(text, "it is no URL");
    case "s3":
      return parseS3(text);
    case "file":
      return parseFile(text, options.cwd);
    default:
      throw invalid(text, `it begins with none of ${schemes}`);
  }
}

function parseDocker(text: string, options: { readonly cwd: string }): RegistryReference {
  const reference = parseReference(text, options);
  if (reference.kind === "docker") return reference;
  throw invalid(text, `it begins with none of ${schemes}`);
}

function parseS3(text: string): S3Reference {
  const [, bucket, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#]*[^/?#])$/.exec(text) ?? [];
  if (bucket !== undefined && key !== undefined) return { kind: "s3", bucket, key };
  throw invalid(text, "expected s3://BUCKET/FOLDER/NAME.sif");
}

function parseFile(text: string, cwd: string): FileReference {
  if (text.startsWith("file:///") && URL.canParse(text)) return { kind: "file", path: fileURLToPath(text) };
  const path = text.replace(/^file:(?:\/\/)?/, "");
  if (path === "") throw invalid(text, "it names no file");
  return { kind: "file", path: isAbsolute(path) ? path : resolve(cwd, path) };
}

function invalid(text: string, reason: string): AppError {
  return new AppError("E_REFERENCE_INVALID", `"${redactUrl(text)}" is no image reference: ${reason}`, {
    hint: "write library://HOST/ENTITY/COLLECTION/NAME:TAG, oras://HOST/NAME:TAG, docker://NAME:TAG or a URL of a .sif",
  });
}
