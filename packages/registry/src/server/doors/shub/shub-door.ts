import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { DoorOptions } from "../http/door-options.ts";
import { addressOf, identityOf, queryOf, takeBodiesUnread } from "../http/request.ts";
import { tellError } from "../http/answer-error.ts";
import { findSif } from "../files/read-sif.ts";

/** Parts of names before the last two: more than anybody has. */
const mostPrefixes = 6;

/**
 * `shub://HOST/NAME:TAG`: says where the image lies, which the files door serves. The client keeps images by `commit`,
 * which is the SIF's sha256 here, so that it never takes one for another.
 * Of a name the client takes all but the last two parts for the beginning of the server's address: `lab/tools/x` is
 * asked for at `/lab/api/container/tools/x`. A Fastify plugin. Only public images: the client cannot log in.
 * Source: what Apptainer 1.4.5 was seen to ask.
 */
export async function shubDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = tellError(error, request);
    return reply.code(status).send({ detail: message });
  });
  for (let count = 0; count <= mostPrefixes; count += 1) {
    const prefix = Array.from({ length: count }, (_, index) => `/:part${index}`).join("");
    app.get(`${prefix}/api/container/*`, (request, reply) => answerManifest(options, request, reply));
  }
}

async function answerManifest(
  options: DoorOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { "*": path = "", ...prefix } = request.params as Readonly<Record<string, string>>; // the router's, in order
  const [, last = "", tag = "latest", hash] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(path) ?? [];
  const name = [...Object.values(prefix), last].join("/");
  const wanted = hash === undefined ? tag : `sha256:${hash}`;
  const architecture = queryOf(request).get("arch") ?? undefined;
  const identity = await identityOf(options, request);
  const { repository, blob } = await findSif(options.registry, identity, { name, tag: wanted, architecture });
  const commit = blob.digest.replace("sha256:", "");
  return reply.send({
    image: `${addressOf(options, request)}/${repository.name}/sha256.${commit}.sif`,
    commit,
    version: commit,
    name: repository.name,
    tag,
  });
}
