import type { Database } from "../state/open-state.ts";
import { decide } from "../policy/decide.ts";
import type { Identity } from "../policy/identity.ts";
import { loadTarget } from "../policy/load-target.ts";
import type { Action } from "../policy/scope.ts";
import type { RegistryContext } from "./context.ts";
import { checkRepositoryName } from "./names.ts";
import { refuse } from "./refusal.ts";

/**
 * A repository that somebody may do something with. {@link openRepository} is the only maker, and whatever reads or
 * changes a repository asks for one of its action: so no door can forget to ask who it is.
 */
export interface OpenRepository<A extends Action> {
  readonly id: number;
  readonly name: string;
  readonly action: A;
  /** Who it was opened for. */
  readonly identity: Identity;
}

/**
 * Opens a repository for one action. For `push` it is made when it is absent.
 * @throws name-invalid, unauthenticated, forbidden; name-unknown when it is absent
 */
export async function openRepository<A extends Action>(
  context: RegistryContext,
  identity: Identity,
  name: string,
  action: A,
): Promise<OpenRepository<A>> {
  const opened = await findRepository(context, identity, name, action);
  if (opened !== undefined) return opened;
  if (action !== "push") throw refuse("name-unknown", `there is no repository "${name}"`);
  return { id: await makeRepository(context, name), name, action, identity };
}

/** The same, but undefined when the repository is absent. */
export async function findRepository<A extends Action>(
  context: RegistryContext,
  identity: Identity,
  name: string,
  action: A,
): Promise<OpenRepository<A> | undefined> {
  checkRepositoryName(name);
  const { db } = context.state;
  await authorize(db, identity, name, action);
  const row = await db.selectFrom("repository").select("id").where("name", "=", name).executeTakeFirst();
  return row && { id: row.id, name, action, identity };
}

/**
 * Opens a repository for somebody who was allowed to push to it a moment ago and now shows the secret address that
 * they were given for it.
 * @param identity who got the address
 */
export async function reopenForPush(
  { state }: RegistryContext,
  repositoryId: number,
  identity: Identity,
): Promise<OpenRepository<"push"> | undefined> {
  const row = await state.db.selectFrom("repository").select("name").where("id", "=", repositoryId).executeTakeFirst();
  return row && { id: repositoryId, name: row.name, action: "push", identity };
}

/**
 * Asks for an action on a path that need not be a repository.
 * @param path of a repository or collection; `""` is the registry itself
 * @throws unauthenticated, forbidden
 */
export async function authorize(db: Database, identity: Identity, path: string, action: Action): Promise<void> {
  const decision = decide(identity, action, await loadTarget(db, identity, path));
  if (decision === "allowed") return;
  const what = path === "" ? "this registry" : `"${path}"`;
  if (decision === "unauthenticated") {
    throw refuse("unauthenticated", `log in with a token that may ${action} ${what}`);
  }
  const who = identity.kind === "account" ? `the token of ${identity.name}` : "nobody";
  throw refuse("forbidden", `${who} may not ${action} ${what}`);
}

async function makeRepository({ state, now }: RegistryContext, name: string): Promise<number> {
  const nowMs = now();
  return state.db.transaction().execute(async (db) => {
    const made = await db
      .insertInto("repository")
      .values({ name, description: "", readme: "", created_ms: nowMs, updated_ms: nowMs })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (made !== undefined) return made.id;
    return (await db.selectFrom("repository").select("id").where("name", "=", name).executeTakeFirstOrThrow()).id;
  });
}
