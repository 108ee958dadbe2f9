import type { RegistryState } from "../state/open-state.ts";
import { identifyAccessToken, isAccessToken } from "./access-token.ts";
import type { Identity } from "./identity.ts";
import { identifyToken } from "./tokens.ts";

/** Nobody in particular. */
export const anonymousIdentity: Identity = { kind: "anonymous" };

/**
 * Who sent a request, by its Authorization header: a bearer token, or a token as the password of any user.
 * No header, an empty bearer (which apptainer sends without being logged in) and an empty password are nobody.
 * @returns undefined when a token was shown that is not valid
 */
export async function identify(
  state: RegistryState,
  authorization: string | undefined,
  nowMs: number,
): Promise<Identity | undefined> {
  const token = tokenIn(authorization ?? "");
  if (token === "") return anonymousIdentity;
  if (token === undefined) return undefined;
  return isAccessToken(token) ? identifyAccessToken(state, token, nowMs) : identifyToken(state.db, token, nowMs);
}

/** @returns `""` when there is none, undefined when the header cannot be read */
function tokenIn(authorization: string): string | undefined {
  const [, scheme, value = ""] = /^\s*(\S*)\s*(.*?)\s*$/.exec(authorization) ?? [];
  if (scheme === undefined || scheme === "") return "";
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}
