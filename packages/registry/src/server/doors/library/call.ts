import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Identity } from "../../policy/identity.ts";
import { letBodyPass, tellError } from "../http/answer-error.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { identityOf } from "../http/request.ts";

/** A request of the library API on its way through the door. */
export interface LibraryCall {
  readonly options: DoorOptions;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly identity: Identity;
  /** A parameter of the route; `*` is the rest of the path. */
  readonly parameter: (name: string) => string;
}

/** Answers one kind of request. */
export type LibraryHandler = (call: LibraryCall) => Promise<FastifyReply>;

/** Adds a route whose handler gets to know who asks. */
export function addRoute(
  app: FastifyInstance,
  options: DoorOptions,
  [method, url]: readonly [string | string[], string],
  handler: LibraryHandler,
): void {
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      const parameters = request.params as Readonly<Record<string, string>>; // the router's
      return handler({
        options,
        request,
        reply,
        identity: await identityOf(options, request),
        parameter: (name) => parameters[name] ?? "",
      });
    },
  });
}

/** Answers errors as this API writes them: clients print the message, except for 404. */
export function answerInEnvelope(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, message } = tellError(error, request);
  letBodyPass(request, reply);
  return reply.code(status).send({ error: { code: status, message } });
}
