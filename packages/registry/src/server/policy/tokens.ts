import { randomBytes } from "node:crypto";
import { AppError, Secret, sha256Hex } from "@repo2singularity/base";
import type { Database } from "../state/open-state.ts";
import type { Identity } from "./identity.ts";
import { formatScope, parseScope, type Scope } from "./scope.ts";

/** What a new token is to be. */
export interface NewToken {
  /** Of 12 hexadecimal digits; by chance when left out. */
  readonly id?: string;
  readonly account: string;
  readonly kind: "personal" | "robot";
  /** What it is for, in the words of whoever makes it. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  /** When it ends, in milliseconds since 1970; never when left out. */
  readonly expiresMs?: number;
}

/** A token as it is shown in lists. */
export interface TokenInfo extends Omit<NewToken, "id"> {
  readonly id: string;
  readonly createdMs: number;
  /** To the hour. */
  readonly usedMs: number | undefined;
}

/** Apptainer refuses to read tokens under 200 characters from a file. */
const tokenBytes = 153;
const hourMs = 3_600_000;
const nameForm = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/**
 * The account of a name, made when there is none.
 * @throws E_USAGE when the name could not be the first part of a repository's
 */
export async function ensureAccount(db: Database, name: string, nowMs: number, isAdmin = false): Promise<number> {
  if (!nameForm.test(name)) {
    throw new AppError("E_USAGE", `"${name}" is no name for an account`, {
      hint: "use lower-case letters and digits, with single . _ or - between them",
    });
  }
  await db
    .insertInto("account")
    .values({ name, is_admin: isAdmin ? 1 : 0, created_ms: nowMs })
    .onConflict((conflict) => (isAdmin ? conflict.column("name").doUpdateSet({ is_admin: 1 }) : conflict.doNothing()))
    .execute();
  return (await db.selectFrom("account").select("id").where("name", "=", name).executeTakeFirstOrThrow()).id;
}

/**
 * Makes a token of an account that is there.
 * @returns the token, of 210 characters; it is kept as a hash only, so this is the one time it can be shown
 * @throws E_REGISTRY_NOT_FOUND when there is no such account
 */
export async function createToken(db: Database, token: NewToken, nowMs: number): Promise<{ id: string; text: Secret }> {
  const account = await db.selectFrom("account").select("id").where("name", "=", token.account).executeTakeFirst();
  if (account === undefined) throw new AppError("E_REGISTRY_NOT_FOUND", `there is no account "${token.account}"`);
  const text = `r2s_${token.kind === "robot" ? "r" : "p"}_${randomBytes(tokenBytes).toString("base64url")}`;
  const id = token.id ?? randomBytes(6).toString("hex");
  await db
    .insertInto("token")
    .values({
      id,
      hash: sha256Hex(text),
      account_id: account.id,
      kind: token.kind,
      label: token.label,
      scopes: JSON.stringify(token.scopes.map(formatScope)),
      created_ms: nowMs,
      expires_ms: token.expiresMs ?? null,
      used_ms: null,
    })
    .execute();
  return { id, text: new Secret(text) };
}

/** All tokens, or those of one account, oldest first; without their texts, which nobody has. */
export async function listTokens(db: Database, account?: string): Promise<TokenInfo[]> {
  const rows = await db
    .selectFrom("token")
    .innerJoin("account", "account.id", "token.account_id")
    .selectAll("token")
    .select("account.name as account")
    .$if(account !== undefined, (query) => query.where("account.name", "=", account ?? ""))
    .orderBy("token.created_ms")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    account: row.account,
    kind: row.kind,
    label: row.label,
    scopes: parseScopes(row.scopes),
    createdMs: row.created_ms,
    usedMs: row.used_ms ?? undefined,
    ...(row.expires_ms !== null && { expiresMs: row.expires_ms }),
  }));
}

/** Ends a token at once. @returns whether there was one of that id */
export async function revokeToken(db: Database, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom("token").where("id", "=", id).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Whose token it is; undefined for one that is not known, was revoked or has ended. */
export async function identifyToken(db: Database, text: string, nowMs: number): Promise<Identity | undefined> {
  return readIdentity(db, { column: "hash", value: sha256Hex(text) }, nowMs);
}

/** The same for a token that is named by its id, as short-lived tokens do. */
export async function identifyTokenId(db: Database, id: string, nowMs: number): Promise<Identity | undefined> {
  return readIdentity(db, { column: "id", value: id }, nowMs);
}

async function readIdentity(
  db: Database,
  key: { readonly column: "hash" | "id"; readonly value: string },
  nowMs: number,
): Promise<Identity | undefined> {
  const row = await db
    .selectFrom("token")
    .innerJoin("account", "account.id", "token.account_id")
    .select(["token.id", "token.kind", "token.scopes", "token.expires_ms", "token.used_ms", "token.account_id"])
    .select(["account.name", "account.is_admin"])
    .where(`token.${key.column}`, "=", key.value)
    .executeTakeFirst();
  if (row === undefined || (row.expires_ms !== null && row.expires_ms <= nowMs)) return undefined;
  if (row.used_ms === null || row.used_ms < nowMs - hourMs) {
    await db.updateTable("token").set({ used_ms: nowMs }).where("id", "=", row.id).execute();
  }
  return {
    kind: "account",
    accountId: row.account_id,
    name: row.name,
    isAdmin: row.is_admin === 1,
    isRobot: row.kind === "robot",
    scopes: parseScopes(row.scopes),
    tokenId: row.id,
  };
}

function parseScopes(text: string): Scope[] {
  return (JSON.parse(text) as string[]).map(parseScope); // only createToken writes it
}
