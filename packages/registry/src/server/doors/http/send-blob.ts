import type { FastifyReply, FastifyRequest } from "fastify";
import { type BlobInfo, openBlob, openBlobFile } from "../../service/blobs.ts";
import { findComposed } from "../../service/composed/read-composed.ts";
import { blobObjectName } from "../../service/names.ts";
import type { DoorOptions } from "./door-options.ts";
import { parseRange } from "./parse-range.ts";
import { sendFile } from "./send-file.ts";

/** What is said of a blob beside its bytes. */
export interface BlobHeaders {
  readonly contentType: string;
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Answers with a blob or a range of it, or with its headers alone for HEAD. Who may have it was asked before.
 * Every answer carries its digest (`ETag`, `Repr-Digest` of RFC 9530).
 */
export async function sendBlob(
  options: DoorOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  blob: BlobInfo,
  { contentType, more = {} }: BlobHeaders,
): Promise<FastifyReply> {
  const etag = `"${blob.digest}"`;
  const [algorithm = "", hex = ""] = blob.digest.split(":");
  void reply.headers({
    "accept-ranges": "bytes",
    "content-type": contentType,
    etag,
    "repr-digest": `${algorithm.replace("sha", "sha-")}=:${Buffer.from(hex, "hex").toString("base64")}:`,
    ...more,
  });
  if (request.headers["if-none-match"]?.includes(etag) === true) return reply.code(304).send();
  const condition = request.headers["if-range"];
  const isWholeWanted = condition !== undefined && condition !== etag;
  const range = isWholeWanted ? undefined : parseRange(request.headers.range, blob.sizeBytes);
  if (range === "unsatisfiable") {
    return reply.code(416).header("content-range", `bytes */${blob.sizeBytes}`).send();
  }
  const direct = await directAddress(options, blob);
  if (direct !== undefined) return reply.redirect(direct, 307);
  const { start, end } = range ?? { start: 0, end: blob.sizeBytes };
  void reply.code(range === undefined ? 200 : 206).header("content-length", end - start);
  if (range !== undefined) void reply.header("content-range", `bytes ${start}-${end - 1}/${blob.sizeBytes}`);
  if (request.method === "HEAD") return reply.send();
  if (end === start) return reply.send("");
  const file = await openBlobFile(options.registry, blob.digest);
  if (file === undefined) return reply.send(await openBlob(options.registry, blob.digest, range));
  await sendFile(request, reply, file, { start, end });
  return reply;
}

async function directAddress(
  { registry, redirectSeconds }: DoorOptions,
  { digest }: BlobInfo,
): Promise<string | undefined> {
  const { objects } = registry;
  if (redirectSeconds === undefined || objects.directUrl === undefined) return undefined;
  if ((await findComposed(registry, digest)) !== undefined) return undefined;
  return objects.directUrl(blobObjectName(digest), { expiresSeconds: redirectSeconds, method: "GET" });
}
