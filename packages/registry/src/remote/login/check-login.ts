import * as z from "zod";
import { AppError, redactUrl, type Secret } from "@repo2singularity/base";
import { discardBody, headerOf, readCapped, type HttpAnswer } from "@repo2singularity/base/http";
import { createAuthorizer } from "../../auth/authorizer.ts";
import { statusError } from "../../http/errors.ts";
import { parseWwwAuthenticate } from "../../http/www-authenticate.ts";
import { originOf, type RemoteAccess } from "../remote-access.ts";

/** What a server is, and whether it takes a login. */
export interface CheckedLogin {
  /** Of the server, without a slash at the end. */
  readonly url: string;
  /** Whether it serves `library://`. */
  readonly isLibrary: boolean;
  /** Whether it serves `oras://` and `docker://`. */
  readonly isOci: boolean;
  /** Who one is by the library; undefined when it does not tell. */
  readonly user: string | undefined;
}

const Services = z.object({ libraryAPI: z.unknown().optional(), tokenAPI: z.object({ uri: z.string() }).optional() });
const Identity = z.object({ username: z.string().optional() });

/**
 * Finds out what doors a server has, and tries a login at each.
 * @param host with its port, or an http or https URL with a path
 * @throws E_REGISTRY_AUTH when a door refuses the login; E_REGISTRY_PROTOCOL when it has no door that is known
 */
export async function checkLogin(
  host: string,
  login: { readonly user: string; readonly password: Secret },
  access: RemoteAccess,
): Promise<CheckedLogin> {
  const url = (/^https?:\/\//.test(host) ? host : originOf(host, access)).replace(/\/+$/, "");
  const services = await readServices(url, access);
  const isLibrary = services?.libraryAPI !== undefined;
  const user = isLibrary ? await askIdentity(services?.tokenAPI?.uri ?? url, url, login.password, access) : undefined;
  const isOci = await tryOci(url, { ...login, user: user ?? login.user }, access);
  if (!isLibrary && !isOci) {
    throw new AppError("E_REGISTRY_PROTOCOL", `${redactUrl(url)}: is neither a library nor an OCI registry`, {
      hint: "check host and port; a server without TLS needs --no-https",
    });
  }
  return { url, isLibrary, isOci, user };
}

async function readServices(url: string, access: RemoteAccess): Promise<z.infer<typeof Services> | undefined> {
  const answer = await access.transport.ask(`${url}/assets/config/config.prod.json`, { signal: access.signal });
  if (answer.statusCode !== 200) {
    discardBody(answer);
    return undefined;
  }
  return tryParse(Services, await readCapped(answer));
}

/** @returns the name of the token's owner, where the server tells */
async function askIdentity(
  tokenUrl: string,
  url: string,
  token: Secret,
  { transport, signal }: RemoteAccess,
): Promise<string | undefined> {
  const headers = { authorization: `Bearer ${token.reveal()}` };
  const status = await transport.ask(`${new URL(tokenUrl, url).toString().replace(/\/+$/, "")}/v1/token-status`, {
    headers,
    signal,
  });
  if (status.statusCode !== 200) throw refused(url, status);
  discardBody(status);
  const answer = await transport.ask(`${url}/v1/rbac/users/current`, { headers, signal });
  if (answer.statusCode !== 200) {
    discardBody(answer);
    return undefined;
  }
  return tryParse(Identity, await readCapped(answer))?.username;
}

function refused(url: string, answer: HttpAnswer): AppError {
  discardBody(answer);
  return new AppError("E_REGISTRY_AUTH", `${redactUrl(url)}: does not accept the token (${answer.statusCode})`, {
    hint: `get a new one at ${redactUrl(url)}/auth/tokens`,
  });
}

/** @returns whether the server is an OCI registry, with the login accepted */
async function tryOci(
  url: string,
  login: { readonly user: string; readonly password: Secret },
  { transport, signal }: RemoteAccess,
): Promise<boolean> {
  const { origin, host } = new URL(url);
  const ask = (headers: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
    transport.ask(`${origin}/v2/`, { headers, signal });
  const first = await ask({});
  const challenges = parseWwwAuthenticate(headerOf(first, "www-authenticate") ?? "");
  discardBody(first);
  if (first.statusCode === 200) return true;
  if (first.statusCode !== 401 || challenges.length === 0) return false;
  const credentials = async () => ({ kind: "password", ...login }) as const;
  const authorizer = createAuthorizer({ transport, host, repository: "", scope: "", credentials });
  const second = await ask({ authorization: await authorizer.answer(challenges, signal) });
  if (second.statusCode !== 200) throw await statusError(second);
  discardBody(second);
  return true;
}

function tryParse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
