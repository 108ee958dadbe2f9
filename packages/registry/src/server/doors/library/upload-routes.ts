import type { FastifyReply } from "fastify";
import * as z from "zod";
import { addImage } from "../../service/images.ts";
import {
  dropImageUpload,
  finishImageParts,
  getImageUpload,
  type ImageUpload,
  sizeOfSentImage,
  startImageUpload,
  takeImagePart,
  takeWholeImage,
} from "../../service/image-uploads.ts";
import { takeWholeBlob } from "../../service/keep-blob.ts";
import { openRepository, type OpenRepository } from "../../service/open-repository.ts";
import { quotaOf } from "../../service/quota.ts";
import { refuse } from "../../service/refusal.ts";
import { addressOf, announcedBytes, bodyOf, readJson } from "../http/request.ts";
import type { LibraryCall } from "./call.ts";
import { parseImageId } from "./library-names.ts";

const sizeForm = z.number().int().positive();
const NewUpload = z.object({ filesize: sizeForm });
const NewPart = z.object({ uploadID: z.string(), partNumber: z.number().int().positive() });
const Named = z.object({ uploadID: z.string() });

/** Gives out the address for an image that comes as a whole. */
export async function startWhole(call: LibraryCall): Promise<FastifyReply> {
  const { repository, digest } = await openForPush(call);
  const { filesize: sizeBytes } = await readJson(call.request, NewUpload);
  const upload = await startImageUpload(call.options.registry, repository, { digest, sizeBytes, isInParts: false });
  return call.reply.send({ data: { uploadURL: uploadAddress(call, upload.id) } });
}

/** Takes an image as a whole. Nobody need be logged in: who knows the address was allowed to push. */
export async function takeWhole({ options, identity, request, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const upload = await getImageUpload(options.registry, identity, parameter("id"));
  const announced = announcedBytes(request);
  if (announced !== undefined && announced !== upload.sizeBytes) {
    throw refuse("size-invalid", `${upload.sizeBytes} bytes were announced, ${announced} come`);
  }
  await takeWholeImage(options.registry, upload, bodyOf(request));
  return reply.code(200).send();
}

/** Makes an image of what was sent. */
export async function completeWhole(call: LibraryCall): Promise<FastifyReply> {
  const { repository, digest } = await openForPush(call);
  const sizeBytes = await sizeOfSentImage(call.options.registry, repository, digest);
  await addImage(call.options.registry, repository, { digest, sizeBytes });
  return answerComplete(call, repository);
}

/** Begins an image that comes in parts. */
export async function startParts(call: LibraryCall): Promise<FastifyReply> {
  const { repository, digest } = await openForPush(call);
  const { filesize: sizeBytes } = await readJson(call.request, NewUpload);
  const upload = await startImageUpload(call.options.registry, repository, { digest, sizeBytes, isInParts: true });
  const partSize = upload.partBytes ?? sizeBytes;
  return call.reply.send({
    data: {
      uploadID: upload.id,
      totalParts: Math.ceil(sizeBytes / partSize),
      partSize,
      // parts have no digests of their own: that of the whole is checked at the end
      options: { s3compliant: "false" },
    },
  });
}

/** Gives out the address of one part. */
export async function startPart(call: LibraryCall): Promise<FastifyReply> {
  const { repository } = await openForPush(call);
  const { uploadID, partNumber } = await readJson(call.request, NewPart);
  const upload = await ownUpload(call, repository, uploadID);
  return call.reply.send({ data: { presignedURL: `${uploadAddress(call, upload.id)}/${partNumber}` } });
}

/** Takes one part. */
export async function takePart({ options, identity, request, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const number = parameter("part");
  if (!/^[1-9]\d{0,4}$/.test(number)) throw refuse("request-invalid", `"${number}" is no number of a part`);
  const upload = await getImageUpload(options.registry, identity, parameter("id"));
  await takeImagePart(options.registry, upload, Number(number), bodyOf(request));
  return reply.code(200).header("etag", `"${number}"`).send();
}

/** Makes an image of the parts. */
export async function completeParts(call: LibraryCall): Promise<FastifyReply> {
  const { repository, digest } = await openForPush(call);
  const { uploadID } = await readJson(call.request, Named);
  const upload = await ownUpload(call, repository, uploadID);
  await finishImageParts(call.options.registry, upload);
  await addImage(call.options.registry, repository, { digest, sizeBytes: upload.sizeBytes });
  return answerComplete(call, repository);
}

/** Forgets the parts. */
export async function abortParts(call: LibraryCall): Promise<FastifyReply> {
  const { repository } = await openForPush(call);
  const { uploadID } = await readJson(call.request, Named);
  await dropImageUpload(call.options.registry, await ownUpload(call, repository, uploadID));
  return call.reply.send({ data: {} });
}

/** An image in one request, as the first clients sent it. */
export async function takeLegacy(call: LibraryCall): Promise<FastifyReply> {
  const { repository, digest } = await openForPush(call);
  const announced = announcedBytes(call.request);
  const blob = { digest, ...(announced !== undefined && { sizeBytes: announced }) };
  const sizeBytes = await takeWholeBlob(call.options.registry, repository, blob, bodyOf(call.request));
  await addImage(call.options.registry, repository, { digest, sizeBytes });
  return answerComplete(call, repository);
}

async function openForPush({ options, identity, parameter }: LibraryCall): Promise<{
  readonly repository: OpenRepository<"push">;
  readonly digest: ReturnType<typeof parseImageId>["digest"];
}> {
  const { repository, digest } = parseImageId(parameter("id"));
  return { repository: await openRepository(options.registry, identity, repository, "push"), digest };
}

/** An upload of this repository and of no other. */
async function ownUpload(call: LibraryCall, repository: OpenRepository<"push">, id: string): Promise<ImageUpload> {
  const upload = await getImageUpload(call.options.registry, call.identity, id);
  if (upload.repository.id === repository.id) return upload;
  throw refuse("upload-unknown", `${repository.name} has no upload ${id}`);
}

function uploadAddress({ options, request }: LibraryCall, id: string): string {
  return `${addressOf(options, request)}/library/uploads/${id}`;
}

async function answerComplete(
  { options, reply }: LibraryCall,
  repository: OpenRepository<"push">,
): Promise<FastifyReply> {
  const { usedBytes, limitBytes } = await quotaOf(options.registry, repository);
  return reply.send({
    data: {
      quota: { quotaTotal: limitBytes ?? 0, quotaUsage: usedBytes },
      // the client puts its own idea of the address before it
      containerUrl: `catalogue/${repository.name}`,
    },
  });
}
