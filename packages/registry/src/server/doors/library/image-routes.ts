import type { FastifyReply } from "fastify";
import * as z from "zod";
import { joinBuild } from "../../service/build/join-build.ts";
import { findBlob, getBlob, mountBlob } from "../../service/blobs.ts";
import { addImage, findImage, type Image, type ImageQuery, removeImage } from "../../service/images.ts";
import { countPull } from "../../service/manifests.ts";
import { parseDigest } from "../../service/names.ts";
import { openRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";
import { searchImages } from "../../service/search.ts";
import { answerAfterBuild } from "../http/answer-after-build.ts";
import { addressOf, queryOf, readJson } from "../http/request.ts";
import { sendBlob } from "../http/send-blob.ts";
import type { LibraryCall } from "./call.ts";
import {
  imageId,
  libraryHash,
  type LibraryReference,
  parseContainerId,
  parseLibraryReference,
  partsOf,
} from "./library-names.ts";

const NewImage = z.object({ hash: z.string(), container: z.string() });

/** What is known of an image: its hash, by which clients keep it, above all. */
export async function readImage(call: LibraryCall): Promise<FastifyReply> {
  const { options, identity, request, reply } = call;
  const reference = referenceIn(call);
  const query = queryFor(reference, queryOf(request));
  const answer = async (): Promise<object> => {
    const repository = await openRepository(options.registry, identity, reference.repository, "pull");
    const image = await findImage(options.registry, repository, query);
    if (image === undefined) throw refuse("manifest-unknown", `${reference.repository} has no image ${reference.tag}`);
    return { data: imageAnswer(repository.name, image) };
  };
  const ticket = "tag" in query ? await joinBuild(options.registry, identity, { ...reference, ...query }) : undefined;
  const isSent =
    ticket !== undefined &&
    (await answerAfterBuild(options, [request, reply], ticket, {
      contentType: "application/json",
      answer: async () => JSON.stringify(await answer()),
      // clients read this as a time, fail, and show it
      failure: (message) => JSON.stringify({ data: { createdAt: message } }),
    }));
  return isSent ? reply : reply.send(await answer());
}

/** The image itself, whole or in ranges. */
export async function readImageFile(call: LibraryCall): Promise<FastifyReply> {
  const { options, identity, request, reply } = call;
  const reference = referenceIn(call);
  const repository = await openRepository(options.registry, identity, reference.repository, "pull");
  const image = await findImage(options.registry, repository, queryFor(reference, queryOf(request)));
  if (image === undefined) throw refuse("manifest-unknown", `${reference.repository} has no image ${reference.tag}`);
  const blob = await getBlob(options.registry, repository, image.digest);
  if (request.method === "GET") await countPull(options.registry, repository, image.manifestDigest);
  return sendBlob(options, request, reply, blob, { contentType: "application/octet-stream" });
}

/**
 * Announces an image. When its bytes are here already, in this repository or in one that the client may read, it need
 * not send them.
 */
export async function makeImage({ options, identity, request, reply }: LibraryCall): Promise<FastifyReply> {
  const { hash, container } = await readJson(request, NewImage);
  const digest = parseDigest(hash.replace(/^sha256\./, "sha256:"));
  const repository = await openRepository(options.registry, identity, parseContainerId(container), "push");
  const blob =
    (await findBlob(options.registry, repository, digest)) ?? (await mountBlob(options.registry, repository, digest));
  if (blob !== undefined) await addImage(options.registry, repository, blob);
  return reply.send({
    data: { id: imageId(repository.name, digest), hash: libraryHash(digest), uploaded: blob !== undefined },
  });
}

/** Takes away the tag of one architecture, or an image named by its hash. */
export async function deleteImage(call: LibraryCall): Promise<FastifyReply> {
  const { options, identity, request, reply } = call;
  const reference = referenceIn(call);
  const repository = await openRepository(options.registry, identity, reference.repository, "delete");
  const isRemoved = await removeImage(options.registry, repository, queryFor(reference, queryOf(request)));
  if (!isRemoved) throw refuse("manifest-unknown", `${reference.repository} has no image ${reference.tag}`);
  return reply.send({ data: {} });
}

/** Images whose names, labels, packages or texts have all the words. */
export async function search({ options, identity, request, reply }: LibraryCall): Promise<FastifyReply> {
  const query = queryOf(request);
  const architecture = query.get("arch") ?? "";
  const found = await searchImages(options.registry, identity, {
    text: query.get("value") ?? "",
    isSigned: query.get("signed") === "true",
    ...(architecture !== "" && { architecture }),
  });
  const image = found.map((one) => ({
    ...partsOf(one.repository),
    hash: libraryHash(one.digest),
    size: one.sizeBytes,
    tags: one.tags,
    description: one.description,
    fingerprints: one.fingerprints,
    signed: one.isSigned,
    arch: one.architecture,
    downloadCount: one.pullCount,
  }));
  return reply.send({ data: { entity: [], collection: [], container: [], image } });
}

function referenceIn({ options, request, parameter }: LibraryCall): LibraryReference {
  return parseLibraryReference(parameter("*"), new URL(addressOf(options, request)).host);
}

function queryFor({ tag, digest }: LibraryReference, query: URLSearchParams): ImageQuery {
  return digest === undefined ? { tag, architecture: query.get("arch") ?? "amd64" } : { digest };
}

function imageAnswer(repository: string, image: Image): object {
  return {
    id: imageId(repository, image.digest),
    ...partsOf(repository),
    hash: libraryHash(image.digest),
    size: image.sizeBytes,
    uploaded: true,
    tags: image.tags,
    arch: image.architecture,
    signed: image.isSigned,
    fingerprints: image.fingerprints,
    createdAt: new Date(image.pushedMs).toISOString(),
    downloadCount: image.pullCount,
  };
}
