import type { Digest } from "@repo2singularity/base";

/** A file of the site. */
export interface SiteFile {
  /** From the site's root, with `/`. */
  readonly path: string;
  /** For places that keep it; others say what they like. */
  readonly contentType: string;
  readonly content:
    | { readonly kind: "text"; readonly text: string }
    /** An image that was built here and lies in the site. */
    | { readonly kind: "image"; readonly digest: Digest; readonly sizeBytes: number };
}

/** A file of JSON, with a newline at its end as editors want it. */
export function jsonFile(path: string, value: unknown, contentType = "application/json"): SiteFile {
  return textFile(path, `${JSON.stringify(value, undefined, 2)}\n`, contentType);
}

/** A file of text. */
export function textFile(path: string, text: string, contentType: string): SiteFile {
  return { path, contentType, content: { kind: "text", text } };
}
