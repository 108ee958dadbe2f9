import type { FastifyReply } from "fastify";
import * as z from "zod";
import { findImage, tagImage, tagsByArchitecture } from "../../service/images.ts";
import { findRepository, openRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";
import { readJson } from "../http/request.ts";
import type { LibraryCall } from "./call.ts";
import { containerId, imageId, parseContainerId, parseImageId, partsOf } from "./library-names.ts";

const NewName = z.object({ name: z.string(), entity: z.string().optional(), collection: z.string().optional() });
const NewTag = z.object({ Arch: z.string(), Tag: z.string(), ImageID: z.string() });
const NewOldTag = NewTag.omit({ Arch: true });

/**
 * Entities and collections are nothing but the beginnings of names here: they are there for whoever is logged in, and
 * what may be done in them is decided when something is done.
 */
export async function readFolder({ identity, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const name = parameter("*").toLowerCase();
  if (identity.kind === "anonymous") return reply.code(404).send({ error: { code: 404, message: "log in first" } });
  return reply.send({ data: { id: containerId(name), name } });
}

/** Makes nothing; see {@link readFolder}. */
export async function makeFolder({ identity, request, reply }: LibraryCall): Promise<FastifyReply> {
  if (identity.kind === "anonymous") throw refuse("unauthenticated", "log in with a token that may push");
  const { name, entity } = await readJson(request, NewName);
  const path = entity === undefined || entity === "" ? name : `${parseContainerId(entity)}/${name}`;
  return reply.send({ data: { id: containerId(path.toLowerCase()), name } });
}

/** A repository, as far as its name. */
export async function readContainer({ options, identity, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const name = parameter("*").toLowerCase();
  const repository = await findRepository(options.registry, identity, name, "pull");
  if (repository === undefined) throw refuse("name-unknown", `there is no "${name}"`);
  return reply.send({ data: { id: containerId(name), name: partsOf(name).containerName } });
}

/** Makes a repository. */
export async function makeContainer({ options, identity, request, reply }: LibraryCall): Promise<FastifyReply> {
  const { name, collection } = await readJson(request, NewName);
  const path = collection === undefined || collection === "" ? name : `${parseContainerId(collection)}/${name}`;
  const repository = await openRepository(options.registry, identity, path.toLowerCase(), "push");
  return reply.send({ data: { id: containerId(repository.name), name } });
}

/** What the tags of a repository mean, by architecture. */
export async function readTags({ options, identity, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const name = parseContainerId(parameter("id"));
  const repository = await openRepository(options.registry, identity, name, "pull");
  const data: Record<string, Record<string, string>> = {};
  for (const [architecture, tags] of await tagsByArchitecture(options.registry, repository)) {
    data[architecture] = Object.fromEntries([...tags].map(([tag, digest]) => [tag, containerId(`${name}@${digest}`)]));
  }
  return reply.send({ data });
}

/** The same for clients that know of one architecture only: theirs, which is amd64. */
export async function readOldTags({ options, identity, parameter, reply }: LibraryCall): Promise<FastifyReply> {
  const name = parseContainerId(parameter("id"));
  const repository = await openRepository(options.registry, identity, name, "pull");
  const tags = (await tagsByArchitecture(options.registry, repository)).get("amd64") ?? new Map<string, string>();
  return reply.send({
    data: Object.fromEntries([...tags].map(([tag, digest]) => [tag, containerId(`${name}@${digest}`)])),
  });
}

/** Lets a tag mean an image. */
export async function writeTag(call: LibraryCall): Promise<FastifyReply> {
  const { Arch, Tag, ImageID } = await readJson(call.request, NewTag);
  return setTag(call, { architecture: Arch, tag: Tag, image: ImageID });
}

/** The same in the older form. */
export async function writeOldTag(call: LibraryCall): Promise<FastifyReply> {
  const { Tag, ImageID } = await readJson(call.request, NewOldTag);
  return setTag(call, { architecture: "amd64", tag: Tag, image: ImageID });
}

async function setTag(
  { options, identity, parameter, reply }: LibraryCall,
  { architecture, tag, image: id }: { readonly architecture: string; readonly tag: string; readonly image: string },
): Promise<FastifyReply> {
  const { repository: name, digest } = parseImageId(id);
  if (name !== parseContainerId(parameter("id"))) throw refuse("request-invalid", "the image is of another container");
  const repository = await openRepository(options.registry, identity, name, "push");
  const image = await findImage(options.registry, repository, { digest });
  if (image === undefined) throw refuse("manifest-unknown", `${name} has no image ${digest}`);
  await tagImage(options.registry, repository, image, { tag, architecture });
  return reply.send({ data: { id: imageId(name, digest) } });
}
