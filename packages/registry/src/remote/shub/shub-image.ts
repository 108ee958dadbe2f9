import * as z from "zod";
import { AppError, redactUrl, type Digest } from "@repo2singularity/base";
import { readCapped, retry } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import { parseDocument } from "../../oci/documents.ts";
import { originOf, type RemoteAccess } from "../remote-access.ts";
import type { RemoteImage } from "../remote-image.ts";
import { resolveWebImage } from "../web/web-image.ts";

/** An image of a Singularity Hub, or of a server or static site that answers like one. */
export interface ShubReference {
  readonly kind: "shub";
  readonly host: string;
  /** Between host and user, such as `/registry`; empty or with a leading slash. */
  readonly prefix: string;
  readonly user: string;
  readonly name: string;
  readonly tag: string;
  /** Of the content, as the hub knows it. */
  readonly hash: string | undefined;
}

const Manifest = z.object({ image: z.string().min(1), commit: z.string().default("") });

/**
 * Resolves an image of a Singularity Hub. A `commit` of 64 hexadecimal digits is the sha256 of the file: servers of
 * today write it there, the hub of old had a commit of git, which says nothing of the file.
 * Source: apptainer 1.4, `internal/pkg/client/shub`
 * @throws E_REGISTRY_NOT_FOUND, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL
 */
export async function resolveShubImage(reference: ShubReference, access: RemoteAccess): Promise<RemoteImage> {
  const { host, prefix, user, name, tag, hash } = reference;
  const origin = originOf(host, access);
  const url = `${origin}${prefix}/api/container/${user}/${name}:${tag}${hash === undefined ? "" : `@${hash}`}`;
  const { transport, retryPolicy, signal } = access;
  const ask = async (): Promise<z.infer<typeof Manifest>> => {
    const answer = await transport.ask(url, { headers: { accept: "application/json" }, signal });
    if (answer.statusCode !== 200) throw await statusError(answer);
    return parseDocument(Manifest, Buffer.from(await readCapped(answer)), redactUrl(url));
  };
  const { image, commit } = await retry(ask, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
  if (!URL.canParse(image, url) || !/^https?:$/.test(new URL(image, url).protocol)) {
    throw new AppError("E_REGISTRY_PROTOCOL", `${redactUrl(url)}: names no address of an image, but "${image}"`);
  }
  const found = await resolveWebImage(new URL(image, url).toString(), access);
  const promised: Digest | undefined = /^[0-9a-f]{64}$/.test(commit) ? `sha256:${commit}` : undefined;
  if (promised !== undefined && found.digest !== undefined && promised !== found.digest) {
    throw new AppError(
      "E_OCI_DIGEST_MISMATCH",
      `${redactUrl(url)}: promises ${promised}, ${found.reference} promises ${found.digest}`,
    );
  }
  return { ...found, reference: formatShubReference(reference), digest: promised ?? found.digest };
}

/** A reference as its users write it. */
export function formatShubReference({ host, prefix, user, name, tag, hash }: ShubReference): string {
  return `shub://${host}${prefix}/${user}/${name}:${tag}${hash === undefined ? "" : `@${hash}`}`;
}
