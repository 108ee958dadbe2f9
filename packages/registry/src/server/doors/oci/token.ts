import type { FastifyReply, FastifyRequest } from "fastify";
import { issueAccessToken } from "../../policy/access-token.ts";
import { identify } from "../../policy/identify.ts";
import { type Action, actions, type Scope } from "../../policy/scope.ts";
import { checkRepositoryName } from "../../service/names.ts";
import { refuse } from "../../service/refusal.ts";
import { addressOf, identityOf, queryOf, readBody } from "../http/request.ts";
import type { DoorOptions } from "../http/door-options.ts";

/** Long enough for the upload of an image, since clients do not ask again in the middle of one. */
const lifeSeconds = 6 * 3600;
const formLimitBytes = 64 * 2 ** 10;

/** The header that tells a client where to get a token, and for what. */
export function challengeOf(options: DoorOptions, request: FastifyRequest, scope?: string): string {
  const address = addressOf(options, request);
  const parts = [`realm="${address}/v2/token"`, `service="${new URL(address).host}"`];
  return `Bearer ${[...parts, ...(scope === undefined ? [] : [`scope="${scope}"`])].join(",")}`;
}

/**
 * The token endpoint: a short-lived token for whoever shows a stored one, and one for nobody in particular, with which
 * public repositories are pulled. What it may do is decided when it is used.
 * Source: docs.docker.com/registry/spec/auth/token (GET) and /oauth (POST).
 */
export async function answerToken(
  options: DoorOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { registry } = options;
  const isForm = request.method === "POST";
  const values = isForm
    ? new URLSearchParams((await readBody(request, formLimitBytes)).toString("utf8"))
    : queryOf(request);
  const shown = values.get("password") ?? values.get("refresh_token");
  const identity =
    isForm && shown !== null
      ? await identify(registry.state, `Bearer ${shown}`, registry.now())
      : await identityOf(options, request);
  if (identity === undefined) throw refuse("unauthenticated", "the password is no valid token of this registry");
  const scopes = values
    .getAll("scope")
    .flatMap((text) => text.split(" "))
    .flatMap(parseDockerScope);
  const token = issueAccessToken(registry.state, identity, scopes, { nowMs: registry.now(), lifeSeconds });
  return reply.header("cache-control", "no-store").send({
    token,
    access_token: token,
    expires_in: lifeSeconds,
    issued_at: new Date(registry.now()).toISOString(),
  });
}

/** `repository:NAME:pull,push` and `registry:catalog:*`; what cannot be read gives nothing. */
function parseDockerScope(text: string): Scope[] {
  const [, type, name = "", verbs = ""] = /^([a-z]+)(?:\([^)]*\))?:(.+):([a-z*,]*)$/.exec(text) ?? [];
  if (type === "registry") return [{ pattern: "**", actions: ["pull"] }];
  if (type !== "repository") return [];
  try {
    checkRepositoryName(name);
  } catch {
    return [];
  }
  const asked = verbs.split(",");
  const found: readonly Action[] = asked.includes("*") ? actions : actions.filter((one) => asked.includes(one));
  return [{ pattern: name, actions: found }];
}
