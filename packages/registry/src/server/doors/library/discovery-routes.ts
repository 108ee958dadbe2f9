import type { FastifyReply } from "fastify";
import { refuse } from "../../service/refusal.ts";
import { addressOf } from "../http/request.ts";
import type { LibraryCall } from "./call.ts";

/** From this version on clients tag per architecture and upload in the present way. */
const apiVersion = "2.0.0-alpha.2";

/** Where the services are: all of them here. Clients refuse to work without a key server. */
export async function answerConfig({ options, request, reply }: LibraryCall): Promise<FastifyReply> {
  const uri = addressOf(options, request);
  return reply.send({ libraryAPI: { uri }, keystoreAPI: { uri }, tokenAPI: { uri } });
}

/** Which form of the API this is. */
export async function answerVersion({ reply }: LibraryCall): Promise<FastifyReply> {
  return reply.send({ data: { version: apiVersion, apiVersion } });
}

/** Whether a token is valid; clients know "not found" as "Invalid Credentials". */
export async function answerTokenStatus({ identity, reply }: LibraryCall): Promise<FastifyReply> {
  return reply.code(identity.kind === "account" ? 200 : 404).send({});
}

/** Who the client is, and the password with which it can log in to the OCI door: the token it has. */
export async function answerCurrentUser({ identity, request, reply }: LibraryCall): Promise<FastifyReply> {
  if (identity.kind !== "account") throw refuse("unauthenticated", "log in with a token");
  const secret = (request.headers.authorization ?? "").replace(/^bearer\s+/i, "");
  const { name } = identity;
  return reply
    .header("cache-control", "no-store")
    .send({ username: name, realname: name, email: "", oidc_user_meta: { secret } });
}

/** OCI mode has more traps than the form that clients fall back to. */
export async function answerNoRedirect({ reply }: LibraryCall): Promise<FastifyReply> {
  return reply.code(404).send({ error: { code: 404, message: "images are served by this API itself" } });
}
