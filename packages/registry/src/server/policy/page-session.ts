import { createHmac, timingSafeEqual } from "node:crypto";
import type { RegistryState } from "../state/open-state.ts";
import type { Identity } from "./identity.ts";
import { identifyTokenId } from "./tokens.ts";

/** Who is signed in to a page. */
export type PageUser = Identity & { readonly kind: "account" };

/**
 * What stands in the forms of a page for whoever signed in: which stored token it stands for and when it ends, signed.
 * Browsers send it with those forms alone, so that no other site can act in somebody's name; and no door takes it.
 * @param lifeSeconds from now
 */
export function sealPageSession(
  { secret }: RegistryState,
  user: PageUser,
  { nowMs, lifeSeconds }: { readonly nowMs: number; readonly lifeSeconds: number },
): string {
  const body = `${user.tokenId}.${nowMs + lifeSeconds * 1000}`;
  return `${body}.${signatureOf(secret, body).toString("base64url")}`;
}

/** Whom a session stands for; undefined when it is not ours, has ended, or its token has. */
export async function openPageSession(
  { db, secret }: RegistryState,
  text: string,
  nowMs: number,
): Promise<PageUser | undefined> {
  const [tokenId = "", expires = "", signature = ""] = text.split(".");
  const expected = signatureOf(secret, `${tokenId}.${expires}`);
  const found = Buffer.from(signature, "base64url");
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) return undefined;
  if (Number(expires) <= nowMs) return undefined;
  const identity = await identifyTokenId(db, tokenId, nowMs);
  return identity?.kind === "account" ? identity : undefined;
}

/** Not the signature of anything else that the same secret signs. */
function signatureOf(secret: Uint8Array, body: string): Buffer {
  return createHmac("sha256", secret).update(`page session\n${body}`).digest();
}
