import type { FastifyInstance } from "fastify";
import type { DoorOptions } from "../http/door-options.ts";
import { addressOf, identityOf, queryOf, takeBodiesUnread } from "../http/request.ts";
import { tellError } from "../http/answer-error.ts";
import { findSif } from "../files/read-sif.ts";

/**
 * `shub://HOST/NAME:TAG`: says where the image lies, which the files door serves. The client keeps images by `commit`,
 * which is the SIF's sha256 here, so that it never takes one for another.
 * A Fastify plugin. Only public images: the client cannot log in.
 * Source: what Apptainer 1.4.5 was seen to ask.
 */
export async function shubDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = tellError(error, request);
    return reply.code(status).send({ detail: message });
  });
  app.get("/api/container/*", async (request, reply) => {
    const { "*": path } = request.params as { readonly "*": string }; // the route's only parameter
    const [, name = "", tag = "latest", hash] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(path) ?? [];
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
  });
}
