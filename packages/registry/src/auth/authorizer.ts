import * as z from "zod";
import { AppError, type Secret } from "@repo2singularity/base";
import type { Transport } from "@repo2singularity/base/http";
import { statusError } from "../http/errors.ts";
import type { AuthChallenge } from "../http/www-authenticate.ts";
import { readVerified } from "../oci/verify-stream.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";

const TokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/** Answers the challenges of one registry host for pulls from one repository. */
export interface Authorizer {
  /** The Authorization header to begin with, `undefined` before any challenge. */
  current(): string | undefined;
  /**
   * The Authorization header that answers a challenge.
   * @throws E_REGISTRY_AUTH when there is none
   */
  answer(challenges: readonly AuthChallenge[], signal?: AbortSignal): Promise<string>;
}

/** Creates the authorizer of a host and repository; tokens are kept in memory for its life. */
export function createAuthorizer(options: {
  readonly transport: Transport;
  readonly host: string;
  readonly repository: string;
  readonly credentials: CredentialSource;
  /** Asked for when a challenge names none; to pull from the repository when left out, nothing when empty. */
  readonly scope?: string;
}): Authorizer {
  let header: string | undefined;
  return {
    current: () => header,
    answer: async (challenges, signal) => {
      const credentials = await options.credentials(options.host, signal);
      const bearer = challenges.find(({ scheme }) => scheme === "bearer");
      if (bearer !== undefined) {
        header = `Bearer ${await fetchToken(bearer, { ...options, credentials, signal })}`;
        return header;
      }
      const takesBasic = challenges.some(({ scheme }) => scheme === "basic");
      if (takesBasic && credentials?.kind === "password") {
        header = basicHeader(credentials.user, credentials.password);
        return header;
      }
      throw new AppError("E_REGISTRY_AUTH", `${options.host}/${options.repository}: the registry wants a login`, {
        hint: `log in first: repo2singularity login ${options.host}`,
      });
    },
  };
}

async function fetchToken(
  challenge: AuthChallenge,
  options: {
    readonly transport: Transport;
    readonly host: string;
    readonly repository: string;
    readonly scope?: string;
    readonly credentials: Credentials | undefined;
    readonly signal: AbortSignal | undefined;
  },
): Promise<string> {
  const { transport, host, repository, credentials, signal } = options;
  const realm = challenge.parameters.get("realm") ?? "";
  if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol)) {
    throw new AppError("E_REGISTRY_PROTOCOL", `${host}: its challenge names no token server, but "${realm}"`);
  }
  const service = challenge.parameters.get("service");
  const scope = challenge.parameters.get("scope") ?? options.scope ?? `repository:${repository}:pull`;
  const question = tokenQuestion({ realm, service, scope, credentials });
  const answer = await transport.ask(question.url, { ...question, signal });
  if (answer.statusCode !== 200) throw await statusError(answer);
  const what = answer.shownUrl;
  const bytes = await readVerified(answer.body, { what, digest: undefined, sizeBytes: undefined, limitBytes: 65_536 });
  const parsed = TokenAnswer.safeParse(parseJson(bytes));
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (token === undefined || /[^\x21-\x7e]/.test(token)) {
    throw new AppError("E_REGISTRY_PROTOCOL", `${what}: answered without a token`);
  }
  return token;
}

interface TokenQuestion {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The distribution token protocol by GET; its OAuth2 form by POST for identity tokens.
 * Source: distribution/distribution `docs/content/spec/auth/{token,oauth}.md`
 */
function tokenQuestion(options: {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scope: string;
  readonly credentials: Credentials | undefined;
}): TokenQuestion {
  const { realm, service, scope, credentials } = options;
  if (credentials?.kind === "identity-token") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: credentials.token.reveal(),
      client_id: "repo2singularity",
      scope,
      ...(service === undefined ? {} : { service }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { url: realm, method: "POST", headers, body: form.toString() };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const part of scope.split(" ").filter((word) => word !== "")) url.searchParams.append("scope", part);
  const headers: Record<string, string> =
    credentials === undefined ? {} : { authorization: basicHeader(credentials.user, credentials.password) };
  return { url: url.toString(), method: "GET", headers };
}

function basicHeader(user: string, password: Secret): string {
  return `Basic ${Buffer.from(`${user}:${password.reveal()}`).toString("base64")}`;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
