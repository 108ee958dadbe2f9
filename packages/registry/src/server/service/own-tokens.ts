import type { PageUser } from "../policy/page-session.ts";
import { actions, type Scope } from "../policy/scope.ts";
import { createToken, listTokens, revokeToken, type TokenInfo } from "../policy/tokens.ts";
import type { RegistryContext } from "./context.ts";
import { refuse } from "./refusal.ts";

/** A token that somebody makes for themselves. */
export interface WishedToken {
  /** 12 hexadecimal digits: the same wish twice, as when a page is loaded again, makes one token. */
  readonly id: string;
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** When it ends, in milliseconds since 1970; never when left out. */
  readonly expiresMs: number | undefined;
}

/**
 * Whether a token may look after all tokens of its account: not that of a robot, and none that is limited, which could
 * make itself one that is not.
 */
export function managesTokens({ isRobot, scopes }: PageUser): boolean {
  return !isRobot && scopes.some(({ pattern, actions: may }) => pattern === "**" && may.length === actions.length);
}

/** The tokens that somebody may look after: those of their account, or the one alone that they show. */
export async function listOwnTokens({ state }: RegistryContext, user: PageUser): Promise<readonly TokenInfo[]> {
  const all = await listTokens(state.db, user.name);
  return managesTokens(user) ? all : all.filter(({ id }) => id === user.tokenId);
}

/**
 * Makes a personal token of the same account; no longer-lived than the one that is shown.
 * @returns its text, which can be shown this once
 * @throws forbidden; request-invalid when there is one of that id
 */
export async function makeOwnToken(context: RegistryContext, user: PageUser, wish: WishedToken): Promise<string> {
  if (!managesTokens(user)) throw refuse("forbidden", "this token is limited, so it makes no other");
  if (!/^[0-9a-f]{12}$/.test(wish.id)) throw refuse("request-invalid", `"${wish.id}" is no id of a token`);
  const own = await listOwnTokens(context, user);
  if (own.some(({ id }) => id === wish.id)) {
    throw refuse("request-invalid", "this form was sent before: its token was shown then");
  }
  const limitMs = own.find(({ id }) => id === user.tokenId)?.expiresMs;
  const ends = [wish.expiresMs, limitMs].filter((ms) => ms !== undefined);
  const { id, label, scopes } = wish;
  const { text } = await createToken(
    context.state.db,
    {
      id,
      account: user.name,
      kind: "personal",
      label,
      scopes,
      ...(ends.length > 0 && { expiresMs: Math.min(...ends) }),
    },
    context.now(),
  );
  return text.reveal();
}

/** Ends one of one's tokens at once. @throws request-invalid when there is no such one */
export async function revokeOwnToken(context: RegistryContext, user: PageUser, id: string): Promise<void> {
  const isOwn = (await listOwnTokens(context, user)).some((token) => token.id === id);
  if (!isOwn || !(await revokeToken(context.state.db, id))) {
    throw refuse("request-invalid", `${user.name} has no token ${id}`);
  }
}
