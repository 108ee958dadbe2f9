import type { FastifyReply } from "fastify";
import { joinBuild } from "../../service/build/join-build.ts";
import { findRepository, openRepository } from "../../service/open-repository.ts";
import { listRepositories } from "../../service/list-repositories.ts";
import { mediaTypes } from "../../../oci/media-types.ts";
import { manifestLimitBytes } from "../../service/manifest-document.ts";
import { countPull, deleteManifest, findManifest, putManifest } from "../../service/manifests.ts";
import { parseDigest, tryParseDigest } from "../../service/names.ts";
import { listReferrers } from "../../service/referrers.ts";
import { refuse } from "../../service/refusal.ts";
import { listTags } from "../../service/tags.ts";
import { answerAfterBuild } from "../http/answer-after-build.ts";
import { queryOf, readBody } from "../http/request.ts";
import type { OciCall } from "./blob-routes.ts";

/** More entries than this are given in pages. */
const defaultPage = 1000;

/** GET and HEAD of a manifest. */
export async function readManifest(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name, reference } = call;
  if (tryParseDigest(reference) === undefined && (await isSentAfterBuild(call))) return reply;
  const repository = await openRepository(options.registry, identity, name, "pull");
  const manifest = await findManifest(options.registry, repository, reference);
  if (manifest === undefined) throw refuse("manifest-unknown", `${name} has no ${reference}`);
  const { digest, mediaType, content } = manifest;
  void reply.headers({
    "content-type": mediaType,
    "content-length": content.length,
    "docker-content-digest": digest,
    etag: `"${digest}"`,
  });
  if (request.method === "HEAD") return reply.send();
  await countPull(options.registry, repository, digest);
  return reply.send(Buffer.from(content));
}

/** Waits for the build of a tag, if it needs one. @returns whether the answer was sent */
async function isSentAfterBuild(call: OciCall): Promise<boolean> {
  const { options, request, reply, identity, name, reference } = call;
  const { registry } = options;
  const ticket = await joinBuild(registry, identity, { name, tag: reference });
  if (ticket === undefined) return false;
  const late = {
    contentType: mediaTypes.manifest,
    answer: async () => {
      const repository = await openRepository(registry, identity, name, "pull");
      const manifest = await findManifest(registry, repository, reference);
      if (manifest === undefined) throw refuse("manifest-unknown", `${name} has no ${reference}`);
      return Buffer.from(manifest.content).toString("utf8");
    },
    // clients read this as a digest, fail, and show it
    failure: (message: string) => JSON.stringify(unusableManifest(message)),
  };
  return answerAfterBuild(options, [request, reply], ticket, request.method === "HEAD" ? undefined : late);
}

function unusableManifest(message: string): object {
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.sifConfig, digest: message, size: 2 },
    layers: [{ mediaType: mediaTypes.sifLayer, digest: message, size: 1 }],
  };
}

/** PUT of a manifest, by tag, or by digest with any number of `tag` parameters. */
export async function writeManifest(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name, reference } = call;
  const repository = await openRepository(options.registry, identity, name, "push");
  const wanted = reference.includes(":") ? parseDigest(reference) : undefined;
  const tags = wanted === undefined ? [reference] : queryOf(request).getAll("tag");
  const content = await readBody(request, manifestLimitBytes);
  const { digest, subject } = await putManifest(options.registry, repository, content, {
    mediaType: request.headers["content-type"] ?? "",
    tags,
    ...(wanted !== undefined && { digest: wanted }),
  });
  void reply.headers({ location: `/v2/${name}/manifests/${digest}`, "docker-content-digest": digest });
  if (subject !== undefined) void reply.header("oci-subject", subject);
  if (wanted !== undefined && tags.length > 0) void reply.header("oci-tag", tags.join(", "));
  return reply.code(201).send();
}

/** DELETE of a manifest with its tags, or of a tag. */
export async function dropManifest({ options, reply, identity, name, reference }: OciCall): Promise<FastifyReply> {
  const repository = await openRepository(options.registry, identity, name, "delete");
  await deleteManifest(options.registry, repository, reference);
  return reply.code(202).send();
}

/** GET of the tags, in pages with `n` and `last`. */
export async function readTags(call: OciCall): Promise<FastifyReply> {
  const { options, reply, identity, name } = call;
  const repository = await openRepository(options.registry, identity, name, "pull");
  const page = pageOf(call);
  const tags = await listTags(options.registry.state.db, repository, { ...page, limit: page.limit + 1 });
  return reply.send({ name, tags: cut(call, tags, page.limit) });
}

/** GET of the repositories that the client may pull from. */
export async function readCatalog(call: OciCall): Promise<FastifyReply> {
  const page = pageOf(call);
  const names = await listRepositories(call.options.registry, call.identity, { ...page, limit: page.limit + 1 });
  return call.reply.send({ repositories: cut(call, names, page.limit) });
}

/** GET of what refers to a manifest, perhaps of one type. */
export async function readReferrers(call: OciCall): Promise<FastifyReply> {
  const { options, request, reply, identity, name, reference } = call;
  const repository = await findRepository(options.registry, identity, name, "pull");
  const type = queryOf(request).get("artifactType") ?? undefined;
  const index = await listReferrers(options.registry, repository, parseDigest(reference), type);
  if (type !== undefined) void reply.header("oci-filters-applied", "artifactType");
  return reply.header("content-type", mediaTypes.index).send(Buffer.from(JSON.stringify(index)));
}

function pageOf({ request }: OciCall): { readonly limit: number; readonly after?: string } {
  const query = queryOf(request);
  const count = query.get("n");
  const after = query.get("last");
  if (count !== null && !/^\d{1,9}$/.test(count)) throw refuse("request-invalid", `n="${count}" is no count`);
  return { limit: count === null ? defaultPage : Number(count), ...(after !== null && { after }) };
}

/** The page itself; when there is more, a header says where the next one is. */
function cut({ request, reply }: OciCall, names: readonly string[], limit: number): string[] {
  const page = names.slice(0, limit);
  const last = page.at(-1);
  if (names.length > limit && last !== undefined) {
    const [path] = request.url.split("?");
    void reply.header("link", `<${path}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"`);
  }
  return page;
}
