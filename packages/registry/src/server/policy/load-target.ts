import type { Database } from "../state/open-state.ts";
import type { Target } from "./decide.ts";
import type { Identity, Role } from "./identity.ts";

const rank: Readonly<Record<Role, number>> = { reader: 1, writer: 2, owner: 3 };

/** The collections on the way to a path, itself among them: `""`, `a`, `a/b` and `a/b/c` for `a/b/c`. */
export function pathsTo(path: string): string[] {
  if (path === "") return [""];
  const parts = path.split("/");
  return ["", ...parts.map((_, index) => parts.slice(0, index + 1).join("/"))];
}

/** Reads what the decision about one path needs. */
export async function loadTarget(db: Database, identity: Identity, path: string): Promise<Target> {
  const paths = pathsTo(path);
  const hidden = await db
    .selectFrom("collection")
    .select("path")
    .where("path", "in", paths)
    .where("is_private", "=", 1)
    .limit(1)
    .execute();
  const roles =
    identity.kind === "anonymous"
      ? []
      : await db
          .selectFrom("member")
          .select("role")
          .where("account_id", "=", identity.accountId)
          .where("collection", "in", paths)
          .execute();
  return { path, isPrivate: hidden.length > 0, role: highest(roles.map(({ role }) => role)) };
}

/** Reads once what the decisions about many paths need, for lists. Memory: one entry per private collection. */
export async function loadTargets(db: Database, identity: Identity): Promise<(path: string) => Target> {
  const rows = await db.selectFrom("collection").select("path").where("is_private", "=", 1).execute();
  const hidden = new Set(rows.map((row) => row.path));
  const memberships =
    identity.kind === "anonymous"
      ? []
      : await db
          .selectFrom("member")
          .select(["collection", "role"])
          .where("account_id", "=", identity.accountId)
          .execute();
  const roles = new Map(memberships.map(({ collection, role }) => [collection, role]));
  return (path) => {
    const paths = pathsTo(path);
    return {
      path,
      isPrivate: paths.some((one) => hidden.has(one)),
      role: highest(paths.flatMap((one) => roles.get(one) ?? [])),
    };
  };
}

function highest(roles: readonly Role[]): Role | undefined {
  return roles.toSorted((a, b) => rank[b] - rank[a])[0];
}
