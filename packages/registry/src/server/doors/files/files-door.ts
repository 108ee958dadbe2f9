import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { mediaTypes } from "../../../oci/media-types.ts";
import { joinBuild } from "../../service/build/join-build.ts";
import { refuse } from "../../service/refusal.ts";
import { letBodyPass, tellError } from "../http/answer-error.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { identityOf, queryOf, takeBodiesUnread } from "../http/request.ts";
import { answerAfterBuild } from "../http/answer-after-build.ts";
import { sendBlob } from "../http/send-blob.ts";
import { countSif, findSif } from "./read-sif.ts";

/**
 * Images as plain files, for `apptainer pull https://…`, curl and wget: `/NAME/TAG.sif`, its checksum at
 * `/NAME/TAG.sif.sha256`; `?arch=` for other architectures than amd64. Ranges, digests and `Last-Modified`, by which
 * apptainer keeps what it pulled.
 * A Fastify plugin; it takes every address that no other door has.
 */
export async function filesDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => answerText(error, request, reply));
  app.route({ method: ["GET", "HEAD"], url: "/*", handler: (request, reply) => sendFile(options, request, reply) });
}

async function sendFile(options: DoorOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { "*": path } = request.params as { readonly "*": string }; // the route's only parameter
  const [, name, tag, checksum] = /^(.+)\/([^/]+)\.sif(\.sha256)?$/.exec(path) ?? [];
  if (name === undefined || tag === undefined) throw refuse("name-unknown", "the registry has no such address");
  const identity = await identityOf(options, request);
  const architecture = queryOf(request).get("arch") ?? undefined;
  const ticket = await joinBuild(options.registry, identity, { name, tag, architecture: architecture ?? "amd64" });
  if (ticket !== undefined) await answerAfterBuild(options, [request, reply], ticket);
  const found = await findSif(options.registry, identity, { name, tag, architecture });
  const { digest } = found.blob;
  if (checksum !== undefined) {
    return reply.type("text/plain").send(`${digest.replace("sha256:", "")}  ${tag}.sif\n`);
  }
  // once per image, not per range of it
  if (request.method === "GET" && request.headers.range === undefined) await countSif(options.registry, found);
  return sendBlob(options, request, reply, found.blob, {
    contentType: mediaTypes.sifLayer,
    more: { "last-modified": new Date(found.image.pushedMs).toUTCString() },
  });
}

/** Errors as one line of text, with the way to log in where that helps. */
export function answerText(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = tellError(error, request);
  letBodyPass(request, reply);
  if (status === 401) void reply.header("www-authenticate", 'Basic realm="registry"');
  return reply.code(status).type("text/plain").send(`${message}\n`);
}
