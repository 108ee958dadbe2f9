import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Database, RegistryState } from "../state/open-state.ts";
import type { Identity } from "./identity.ts";
import { formatScope, parseScope, type Scope } from "./scope.ts";
import { identifyTokenId } from "./tokens.ts";

/** What a short-lived token says: which stored token it stands for, what it is limited to, when it ends. */
const Claims = z.object({ token: z.string().nullable(), scopes: z.array(z.string()), expiresMs: z.number() });

const prefix = "r2s_a_";

/**
 * A short-lived token of the OCI token endpoint: signed, not stored. It ends with the token it stands for.
 * @param scopes what the client asked for; what it may do is decided when it does it
 * @param lifeSeconds from now
 */
export function issueAccessToken(
  { secret }: RegistryState,
  identity: Identity,
  scopes: readonly Scope[],
  { nowMs, lifeSeconds }: { readonly nowMs: number; readonly lifeSeconds: number },
): string {
  const claims: z.infer<typeof Claims> = {
    token: identity.kind === "anonymous" ? null : identity.tokenId,
    scopes: scopes.map(formatScope),
    expiresMs: nowMs + lifeSeconds * 1000,
  };
  const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${prefix}${body}.${signatureOf(secret, body).toString("base64url")}`;
}

/** Whether a text is such a token, valid or not. */
export function isAccessToken(text: string): boolean {
  return text.startsWith(prefix);
}

/** Whom a short-lived token stands for; undefined when it is not ours, has ended, or its stored token has. */
export async function identifyAccessToken(
  { db, secret }: { readonly db: Database; readonly secret: Uint8Array },
  text: string,
  nowMs: number,
): Promise<Identity | undefined> {
  const [body = "", signature = ""] = text.slice(prefix.length).split(".");
  const expected = signatureOf(secret, body);
  const found = Buffer.from(signature, "base64url");
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) return undefined;
  const claims = Claims.parse(JSON.parse(Buffer.from(body, "base64url").toString())); // signed: we wrote it
  if (claims.expiresMs <= nowMs) return undefined;
  if (claims.token === null) return { kind: "anonymous" };
  const limits = claims.scopes.map(parseScope);
  const identity = await identifyTokenId(db, claims.token, nowMs);
  return identity?.kind === "account" ? { ...identity, limits } : undefined;
}

function signatureOf(secret: Uint8Array, body: string): Buffer {
  return createHmac("sha256", secret).update(body).digest();
}
