import { AppError } from "@repo2singularity/base";
import * as z from "zod";
import type { Role } from "../policy/identity.ts";
import { ensureAccount } from "../policy/tokens.ts";
import type { Database } from "../state/open-state.ts";
import { checkRepositoryName } from "./names.ts";

/** Which tags of a collection's repositories stay. */
export const Retention = z.strictObject({
  /** Of the tags of one branch, so many of the newest stay. */
  keepLast: z.number().int().positive().optional(),
  /** Images that nobody pulled for so many days go. */
  expireUnusedDays: z.number().int().positive().optional(),
});
export type Retention = z.infer<typeof Retention>;

/** A collection: a path, and what holds for all repositories at and below it. `""` is the whole registry. */
export interface Collection {
  readonly path: string;
  readonly isPrivate: boolean;
  readonly description: string;
  readonly readme: string;
  readonly quotaBytes: number | undefined;
  readonly retention: Retention;
}

/** Changes of a collection; what is left out stays. */
export type CollectionChange = { readonly [K in keyof Omit<Collection, "path">]?: Collection[K] | null };

/** All collections that something was said of, by path. */
export async function listCollections(db: Database): Promise<Collection[]> {
  const rows = await db.selectFrom("collection").selectAll().orderBy("path").execute();
  return rows.map((row) => ({
    path: row.path,
    isPrivate: row.is_private === 1,
    description: row.description,
    readme: row.readme,
    quotaBytes: row.quota_bytes ?? undefined,
    retention: row.retention === null ? {} : Retention.parse(JSON.parse(row.retention)),
  }));
}

/**
 * Says something of a collection, which need not hold anything yet.
 * @param change `null` takes back what was said
 * @throws name-invalid
 */
export async function setCollection(db: Database, path: string, change: CollectionChange): Promise<void> {
  if (path !== "") checkRepositoryName(path);
  const columns = {
    ...(change.isPrivate !== undefined && { is_private: change.isPrivate === true ? (1 as const) : (0 as const) }),
    ...(change.description !== undefined && { description: change.description ?? "" }),
    ...(change.readme !== undefined && { readme: change.readme ?? "" }),
    ...(change.quotaBytes !== undefined && { quota_bytes: change.quotaBytes }),
    ...(change.retention !== undefined && {
      retention: change.retention === null ? null : JSON.stringify(change.retention),
    }),
  };
  const first = { path, is_private: 0 as const, description: "", readme: "", quota_bytes: null, retention: null };
  await db
    .insertInto("collection")
    .values({ ...first, ...columns })
    .onConflict((conflict) =>
      Object.keys(columns).length === 0 ? conflict.doNothing() : conflict.column("path").doUpdateSet(columns),
    )
    .execute();
}

/** Gives an account, made if absent, a role in a collection; `undefined` takes it away. */
export async function setMember(
  db: Database,
  path: string,
  member: { readonly account: string; readonly role: Role | undefined },
  nowMs: number,
): Promise<void> {
  const account_id = await ensureAccount(db, member.account, nowMs);
  const { role } = member;
  if (role === undefined) {
    await db.deleteFrom("member").where("collection", "=", path).where("account_id", "=", account_id).execute();
    return;
  }
  await db
    .insertInto("member")
    .values({ collection: path, account_id, role })
    .onConflict((conflict) => conflict.columns(["collection", "account_id"]).doUpdateSet({ role }))
    .execute();
}

/** @throws E_USAGE for a text that is no role */
export function parseRole(text: string): Role {
  if (text === "reader" || text === "writer" || text === "owner") return text;
  throw new AppError("E_USAGE", `"${text}" is no role`, { hint: "roles are reader, writer and owner" });
}
