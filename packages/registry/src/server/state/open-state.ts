import { randomBytes } from "node:crypto";
import { AppError } from "@repo2singularity/base";
import { Kysely, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import { migrations } from "./migrations.ts";
import { openNodeSqlite } from "./node-sqlite.ts";
import type { RegistrySchema } from "./schema.ts";

/** The registry's database. */
export type Database = Kysely<RegistrySchema>;

/** What the registry knows, open. Several processes may have it open at once. */
export interface RegistryState extends AsyncDisposable {
  readonly db: Database;
  /** 32 bytes that only this registry has, for signing short-lived tokens. */
  readonly secret: Uint8Array;
}

/**
 * Opens the database and brings it up to this version.
 * @param path of the file, made if absent; `:memory:` for tests
 * @throws E_REGISTRY_STATE when it cannot be opened or is of a later version
 */
export async function openState(path: string): Promise<RegistryState> {
  const db = await openDatabase(path);
  try {
    const { error } = await new Migrator({
      db,
      provider: { getMigrations: async () => migrations },
    }).migrateToLatest();
    if (error !== undefined) throw error;
    const secret = await ensureSecret(db);
    return { db, secret, [Symbol.asyncDispose]: () => db.destroy() };
  } catch (error) {
    await db.destroy();
    throw stateError(path, error);
  }
}

async function openDatabase(path: string): Promise<Database> {
  try {
    return new Kysely<RegistrySchema>({ dialect: new SqliteDialect({ database: openNodeSqlite(path) }) });
  } catch (error) {
    throw stateError(path, error);
  }
}

function stateError(path: string, error: unknown): AppError {
  return new AppError("E_REGISTRY_STATE", `${path}: the registry's database cannot be opened: ${String(error)}`, {
    hint: "check that the folder can be written, and that no later version of this program has used it",
    cause: error,
  });
}

/** The first process to come writes it, all others read that one. */
async function ensureSecret(db: Database): Promise<Uint8Array> {
  const made = randomBytes(32).toString("hex");
  await db
    .insertInto("setting")
    .values({ name: "secret", value: made })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { value } = await db
    .selectFrom("setting")
    .select("value")
    .where("name", "=", "secret")
    .executeTakeFirstOrThrow();
  return Buffer.from(value, "hex");
}
