import { createHash, type Hash } from "node:crypto";
import { refuse } from "./refusal.ts";

/** More than these are hashed again at their end. */
const keptHashes = 10_000;

interface RunningHash {
  readonly hash: Hash;
  /** How many bytes of the upload went into it. */
  readonly sizeBytes: number;
}

/**
 * What this process knows of uploads that are under way: who writes to one just now, and the sha256 so far.
 * After a restart nothing is known, and an upload's bytes are read once more at its end.
 * Memory: about 300 bytes an upload.
 */
export class RunningUploads {
  readonly #busy = new Set<string>();
  readonly #hashes = new Map<string, RunningHash>();

  /**
   * Begins to write to an upload.
   * @returns to be disposed of at the end
   * @throws upload-busy while somebody else does
   */
  enter(id: string): Disposable {
    if (this.#busy.has(id)) throw refuse("upload-busy", `another request is writing to the upload ${id}`);
    this.#busy.add(id);
    return { [Symbol.dispose]: () => void this.#busy.delete(id) };
  }

  /** The hash over exactly the first `sizeBytes` bytes, to be gone on with; undefined when it is not known. */
  take(id: string, sizeBytes: number): Hash | undefined {
    const known = this.#hashes.get(id);
    this.#hashes.delete(id);
    if (known?.sizeBytes === sizeBytes) return known.hash;
    return sizeBytes === 0 ? createHash("sha256") : undefined;
  }

  /** Keeps a hash for the next request. */
  keep(id: string, hash: Hash, sizeBytes: number): void {
    const [oldest] = this.#hashes.keys();
    if (this.#hashes.size >= keptHashes && oldest !== undefined) this.#hashes.delete(oldest);
    this.#hashes.set(id, { hash, sizeBytes });
  }
}
