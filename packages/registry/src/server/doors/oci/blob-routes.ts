import type { FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../../policy/identity.ts";
import { findBlob, getBlob, linkBlob, mountBlob, removeBlob } from "../../service/blobs.ts";
import { takeWholeBlob } from "../../service/keep-blob.ts";
import { type BlobDigest, parseDigest, tryParseDigest } from "../../service/names.ts";
import { openRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";
import {
  appendToUpload,
  cancelUpload,
  finishUpload,
  startUpload,
  uploadedBytes,
  type UploadPiece,
} from "../../service/uploads.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { announcedBytes, bodyOf, queryOf } from "../http/request.ts";
import { sendBlob } from "../http/send-blob.ts";

/** A request on its way through the door. */
export interface OciCall {
  readonly options: DoorOptions;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly identity: Identity;
  /** Of the repository. */
  readonly name: string;
  /** A tag, digest or upload id. */
  readonly reference: string;
}

/** GET and HEAD of a blob. */
export async function readBlob({ options, request, reply, identity, name, reference }: OciCall): Promise<FastifyReply> {
  const repository = await openRepository(options.registry, identity, name, "pull");
  const blob = await getBlob(options.registry, repository, parseDigest(reference));
  return sendBlob(options, request, reply, blob, {
    contentType: "application/octet-stream",
    more: { "docker-content-digest": blob.digest, "cache-control": "private, max-age=31536000, immutable" },
  });
}

/** DELETE of a blob. */
export async function deleteBlob({ options, reply, identity, name, reference }: OciCall): Promise<FastifyReply> {
  const repository = await openRepository(options.registry, identity, name, "delete");
  await removeBlob(options.registry, repository, parseDigest(reference));
  return reply.code(202).send();
}

/** POST of an upload: begins one, takes a whole blob with `digest`, or takes one over with `mount`. */
export async function beginUpload(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name } = call;
  const { registry } = options;
  const query = queryOf(request);
  const repository = await openRepository(registry, identity, name, "push");
  const mounted = tryParseDigest(query.get("mount") ?? "");
  if (mounted !== undefined) {
    const known = await findBlob(registry, repository, mounted);
    if (known !== undefined) await linkBlob(registry, repository, mounted);
    const blob = known ?? (await mountBlob(registry, repository, mounted, query.get("from") ?? undefined));
    if (blob !== undefined) return created(reply, name, mounted);
  }
  const whole = query.get("digest");
  if (whole !== null && whole !== "") {
    const digest = parseDigest(whole);
    const sizeBytes = announcedBytes(request);
    const blob = { digest, ...(sizeBytes !== undefined && { sizeBytes }) };
    await takeWholeBlob(registry, repository, blob, bodyOf(request));
    return created(reply, name, digest);
  }
  const id = await startUpload(registry, repository);
  return underWay(reply, 202, name, id, 0);
}

/** GET of an upload: how far it is. */
export async function readUpload({ options, reply, identity, name, reference }: OciCall): Promise<FastifyReply> {
  const repository = await openRepository(options.registry, identity, name, "push");
  const sizeBytes = await uploadedBytes(options.registry, repository, reference);
  return underWay(reply, 204, name, reference, sizeBytes);
}

/** PATCH of an upload: more bytes. */
export async function continueUpload(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name, reference } = call;
  const repository = await openRepository(options.registry, identity, name, "push");
  const sizeBytes = await appendToUpload(options.registry, repository, reference, pieceOf(request));
  return underWay(reply, 202, name, reference, sizeBytes);
}

/** PUT of an upload: perhaps the last bytes, and the digest of all. */
export async function completeUpload(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name, reference } = call;
  const repository = await openRepository(options.registry, identity, name, "push");
  const digest = parseDigest(queryOf(request).get("digest") ?? "");
  await finishUpload(options.registry, repository, reference, digest, pieceOf(request));
  return created(reply, name, digest);
}

/** DELETE of an upload. */
export async function dropUpload({ options, reply, identity, name, reference }: OciCall): Promise<FastifyReply> {
  const repository = await openRepository(options.registry, identity, name, "push");
  await cancelUpload(options.registry, repository, reference);
  return reply.code(204).send();
}

/** The body as a piece of an upload; `Content-Range` is `FIRST-LAST`, some clients write a unit or a total as well. */
function pieceOf(request: FastifyRequest): UploadPiece {
  const header = request.headers["content-range"];
  const sizeBytes = announcedBytes(request);
  const piece = { content: bodyOf(request), ...(sizeBytes !== undefined && { sizeBytes }) };
  if (header === undefined) return piece;
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header) ?? [];
  if (first === undefined || last === undefined) {
    throw refuse("upload-invalid", `Content-Range "${header}" is not FIRST-LAST`);
  }
  return { ...piece, start: Number(first), sizeBytes: sizeBytes ?? Number(last) - Number(first) + 1 };
}

function created(reply: FastifyReply, name: string, digest: BlobDigest): FastifyReply {
  return reply
    .code(201)
    .headers({ location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest })
    .send();
}

function underWay(reply: FastifyReply, status: 202 | 204, name: string, id: string, sizeBytes: number): FastifyReply {
  return reply
    .code(status)
    .headers({
      location: `/v2/${name}/blobs/uploads/${id}`,
      "docker-upload-uuid": id,
      // an upload without bytes cannot be told from one of one byte: so has every registry answered since the first
      range: `0-${Math.max(0, sizeBytes - 1)}`,
    })
    .send();
}
