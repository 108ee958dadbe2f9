import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Digest } from "@repo2singularity/base";
import type { ExtentKey, Extents, RecordedExtents } from "@repo2singularity/image";

/** Extents in a layer of the store. */
export interface StoredExtents extends Extents {
  readonly layer: Digest;
}

/** Raised with the columns; a database of another version is emptied. */
const schemaVersion = 1;

const createTable = `
  create table if not exists extent (
    content text not null, size integer not null, compression text not null, level integer not null,
    block integer not null, layer text not null, start integer not null, sizes blob not null,
    primary key (content, size, compression, level, block)
  ) without rowid, strict;
  create index if not exists extent_layer on extent (layer);
`;

/** How long another process may hold the database before a question goes unanswered. */
const busyTimeoutMs = 500;

/** The table behind the extent cache. Once open, none of its calls throws: a failed one finds and changes nothing. */
export class ExtentTable {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #forget: StatementSync;

  /** @throws SQLite's error when the file is no database or cannot be written */
  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
    // a write-ahead log needs memory that all hosts share, which a cache folder on NFS does not have
    database.exec("pragma journal_mode = truncate; pragma synchronous = off");
    const version = database.prepare("pragma user_version").get()?.["user_version"];
    if (version !== schemaVersion) {
      database.exec(`drop table if exists extent; ${createTable} pragma user_version = ${schemaVersion}`);
    }
    const key = "content = ? and size = ? and compression = ? and level = ? and block = ?";
    this.#find = database.prepare(`select layer, start, sizes from extent where ${key}`);
    this.#insert = database.prepare("insert or replace into extent values (?, ?, ?, ?, ?, ?, ?, ?)");
    this.#forget = database.prepare("delete from extent where layer = ?");
  }

  find(key: ExtentKey): StoredExtents | undefined {
    const row = unlessFailed(() => this.#find.get(...columnsOf(key)));
    const { layer, start, sizes } = row ?? {};
    if (typeof layer !== "string" || typeof start !== "number" || !(sizes instanceof Uint8Array)) return undefined;
    if (!isDigest(layer) || sizes.length % 4 !== 0) return undefined;
    return { layer, offset: start, blockSizes: decodeSizes(sizes) };
  }

  /** Adds what a layer holds, all of it or nothing. */
  record(layer: Digest, rows: readonly RecordedExtents[]): void {
    unlessFailed(() => {
      this.#database.exec("begin immediate");
      try {
        for (const { key, offset, blockSizes } of rows) {
          this.#insert.run(...columnsOf(key), layer, offset, encodeSizes(blockSizes));
        }
        this.#database.exec("commit");
      } catch (error) {
        this.#database.exec("rollback");
        throw error;
      }
    });
  }

  /** Drops all that is said of a layer that is gone. */
  forgetLayer(layer: Digest): void {
    unlessFailed(() => this.#forget.run(layer));
  }

  close(): void {
    unlessFailed(() => {
      this.#database.close();
    });
  }
}

function unlessFailed<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // locked for too long, read-only, full or damaged: the cache knows nothing then
  }
}

function columnsOf(key: ExtentKey): [string, number, string, number, number] {
  return [key.contentSha256, key.sizeBytes, key.compression, key.level, key.blockSizeBytes];
}

function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** Size fields as 32-bit little-endian numbers. */
function encodeSizes(blockSizes: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(4 * blockSizes.length);
  for (const [index, size] of blockSizes.entries()) bytes.writeUInt32LE(size, 4 * index);
  return bytes;
}

function decodeSizes(bytes: Uint8Array): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index, true));
}
