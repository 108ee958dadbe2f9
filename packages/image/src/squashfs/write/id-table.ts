import { AppError } from "@repo2singularity/base";
import { ID_BYTES } from "../layout.ts";

/** The superblock counts ids in 16 bits, so the format's 65,536 are one more than can be announced. */
const maxIds = 65_535;

/** Collects the user and group ids of a tree; inodes hold their numbers in this table. */
export class IdTable {
  readonly #indexes = new Map<number, number>();

  /** @param ids in the order of their numbers */
  constructor(ids: Iterable<number> = []) {
    for (const id of ids) this.indexOf(id);
  }

  get count(): number {
    return this.#indexes.size;
  }

  /** The number of an id. @throws E_SQUASHFS_TOO_MANY_IDS */
  indexOf(id: number): number {
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    const index = this.#indexes.size;
    if (index === maxIds) {
      throw new AppError(
        "E_SQUASHFS_TOO_MANY_IDS",
        `the tree has more than ${maxIds} different owners and groups, which no squashfs image can hold`,
        { hint: "make all files belong to one owner" },
      );
    }
    this.#indexes.set(id, index);
    return index;
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(this.#indexes.size * ID_BYTES);
    for (const [id, index] of this.#indexes) bytes.writeUInt32LE(id, index * ID_BYTES);
    return bytes;
  }
}
