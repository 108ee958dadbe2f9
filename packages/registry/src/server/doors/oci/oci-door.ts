import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "../../service/refusal.ts";
import { letBodyPass, tellError } from "../http/answer-error.ts";
import { composesHeader } from "../../../layered/push-layers.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { identityOf, takeBodiesUnread } from "../http/request.ts";
import {
  beginUpload,
  completeUpload,
  continueUpload,
  deleteBlob,
  dropUpload,
  type OciCall,
  readBlob,
  readUpload,
} from "./blob-routes.ts";
import { dropManifest, readCatalog, readManifest, readReferrers, readTags, writeManifest } from "./manifest-routes.ts";
import { type OciRoute, parseOciPath } from "./routes.ts";
import { answerToken, challengeOf } from "./token.ts";

type Handler = (call: OciCall) => Promise<FastifyReply>;

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Every route of the door: what it is about, and how. */
const handlers: Readonly<Record<OciRoute["kind"], Readonly<Record<string, Handler>>>> = {
  base: { GET: answerBase, HEAD: answerBase },
  catalog: { GET: readCatalog },
  token: { GET: forToken, POST: forToken },
  tags: { GET: readTags },
  referrers: { GET: readReferrers },
  manifest: { GET: readManifest, HEAD: readManifest, PUT: writeManifest, DELETE: dropManifest },
  blob: { GET: readBlob, HEAD: readBlob, DELETE: deleteBlob },
  uploads: { POST: beginUpload },
  upload: { GET: readUpload, PATCH: continueUpload, PUT: completeUpload, DELETE: dropUpload },
};

const scopeOfMethod: Readonly<Record<string, string>> = { GET: "pull", HEAD: "pull", DELETE: "delete" };

/**
 * The OCI distribution API 1.1 at `/v2/`, for apptainer's `oras://`, docker, skopeo, crane, oras and ourselves.
 * A Fastify plugin; bodies are streamed.
 * Source: github.com/opencontainers/distribution-spec, spec.md at 1.1.
 */
export async function ociDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => answerError(options, error, request, reply));
  const handle = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    dispatch(options, request, reply);
  app.route({ method: [...methods], url: "/v2", handler: handle });
  app.route({ method: [...methods], url: "/v2/*", handler: handle });
}

async function dispatch(options: DoorOptions, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  void reply.header("docker-distribution-api-version", "registry/2.0");
  void reply.header(composesHeader.name, composesHeader.value);
  const route = routeOf(request);
  if (route === undefined) throw refuse("name-unknown", "the registry has no such address");
  const handler = handlers[route.kind][request.method];
  if (handler === undefined) {
    letBodyPass(request, reply);
    const allow = Object.keys(handlers[route.kind]).join(", ");
    return reply.code(405).header("allow", allow).send(ociError("UNSUPPORTED", "the method is not known here"));
  }
  return handler({
    options,
    request,
    reply,
    identity: await identityOf(options, request),
    name: "name" in route ? route.name : "",
    reference: "reference" in route ? route.reference : "",
  });
}

function routeOf(request: FastifyRequest): OciRoute | undefined {
  const { "*": rest = "" } = request.params as { readonly "*"?: string }; // the only parameter of these routes
  return parseOciPath(rest);
}

/**
 * Whoever has no token is told where to get one, also where nobody needs one: most clients decide here, once and for
 * all, whether they will ever log in.
 */
async function answerBase({ reply, identity }: OciCall): Promise<FastifyReply> {
  if (identity.kind === "anonymous" && !hasToken(reply.request)) {
    throw refuse("unauthenticated", "ask for a token; nobody needs an account for what is public");
  }
  return reply.send({});
}

/** A short-lived token for nobody in particular is a token too. */
function hasToken({ headers }: FastifyRequest): boolean {
  return /^\s*bearer\s+\S/i.test(headers.authorization ?? "");
}

function forToken({ options, request, reply }: OciCall): Promise<FastifyReply> {
  return answerToken(options, request, reply);
}

function answerError(options: DoorOptions, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, ociCode, message } = tellError(error, request);
  letBodyPass(request, reply);
  if (status === 401) {
    const route = routeOf(request);
    const verbs = scopeOfMethod[request.method] ?? "pull,push";
    const isCatalog = route?.kind === "catalog";
    const scope =
      route !== undefined && "name" in route
        ? `repository:${route.name}:${route.kind === "upload" ? "pull,push" : verbs}`
        : undefined;
    void reply.header("www-authenticate", challengeOf(options, request, isCatalog ? "registry:catalog:*" : scope));
  }
  return reply.code(status).send(ociError(ociCode, message));
}

function ociError(code: string, message: string): object {
  return { errors: [{ code, message }] };
}
