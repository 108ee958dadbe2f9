import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isAppError } from "@repo2singularity/base";
import { openPageSession, type PageUser, sealPageSession } from "../../policy/page-session.ts";
import { identifyToken } from "../../policy/tokens.ts";
import { listOwnTokens, makeOwnToken, managesTokens, revokeOwnToken } from "../../service/own-tokens.ts";
import { letBodyPass, tellError } from "../http/answer-error.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { addressOf, readBody, takeBodiesUnread } from "../http/request.ts";
import { emptyForm, readForm, wishOf } from "./token-form.ts";
import { signInPage, type TokenPage, tokenPageHeaders, tokensPage } from "./token-pages.ts";

/** Long enough to fill in a form; then the token is asked for again. */
const lifeSeconds = 15 * 60;
const formLimitBytes = 64 * 2 ** 10;

/**
 * The page `/auth/tokens`, to which `apptainer remote login` sends people: who shows a token of theirs sees their
 * tokens, makes one and revokes them. Plain forms. Who they are stands in the forms alone: no cookie, and no login that
 * the browser has for other addresses, counts here, so that no other site can send them in somebody's name.
 * A Fastify plugin.
 */
export async function tokensDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => {
    const { status, message } = tellError(error, request);
    letBodyPass(request, reply);
    return send(reply, status, signInPage(message));
  });
  app.get("/auth/tokens", async (_request, reply) => send(reply, 200, signInPage()));
  app.post("/auth/tokens", async (request, reply) => {
    const values = new URLSearchParams((await readBody(request, formLimitBytes)).toString("utf8"));
    const user = await userOf(options, values);
    if (user === undefined) {
      const isOver = values.has("session");
      return send(
        reply,
        403,
        signInPage(isOver ? "Sign in again: that was some time ago." : "That is no valid token."),
      );
    }
    return answer(options, request, reply, { user, values });
  });
}

interface SentForm {
  readonly user: PageUser;
  readonly values: URLSearchParams;
}

async function userOf({ registry }: DoorOptions, values: URLSearchParams): Promise<PageUser | undefined> {
  const session = values.get("session");
  if (session !== null) return openPageSession(registry.state, session, registry.now());
  const identity = await identifyToken(registry.state.db, (values.get("token") ?? "").trim(), registry.now());
  return identity?.kind === "account" ? identity : undefined;
}

async function answer(
  options: DoorOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  { user, values }: SentForm,
): Promise<FastifyReply> {
  const { registry } = options;
  const show = async (status: number, more: Partial<TokenPage> = {}): Promise<FastifyReply> => {
    const page = {
      user,
      session: values.get("session") ?? sealPageSession(registry.state, user, { nowMs: registry.now(), lifeSeconds }),
      tokens: await listOwnTokens(registry, user),
      form: managesTokens(user) ? emptyForm() : undefined,
    };
    return send(reply, status, tokensPage({ ...page, ...more }));
  };
  try {
    switch (values.get("do")) {
      case "make": {
        const text = await makeOwnToken(registry, user, wishOf(readForm(values), registry.now()));
        return await show(200, { made: { text, address: addressOf(options, request) } });
      }
      case "revoke": {
        const id = values.get("id") ?? "";
        await revokeOwnToken(registry, user, id);
        if (id === user.tokenId)
          return await send(reply, 200, signInPage("The token that you were signed in with has ended."));
        return await show(200, { message: "The token has ended." });
      }
      default:
        return await show(200);
    }
  } catch (error) {
    if (!isAppError(error, "E_USAGE") && !isAppError(error, "E_REGISTRY_REFUSED")) throw error;
    const isMaking = values.get("do") === "make" && managesTokens(user);
    const hint = error.hint === undefined ? "" : `: ${error.hint}`;
    return show(400, {
      message: `${error.message}${hint}`,
      ...(isMaking && { form: { ...readForm(values), id: emptyForm().id } }),
    });
  }
}

function send(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).headers(tokenPageHeaders).send(page);
}
