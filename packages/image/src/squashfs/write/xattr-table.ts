import {
  NONE_U32,
  XATTR_OUT_OF_LINE_FLAG,
  XATTR_REFERENCE_BYTES,
  metadataReference,
  xattrIdLayout,
  xattrNameLayout,
  xattrPrefixes,
  xattrValueLayout,
} from "../layout.ts";
import { compareNames } from "../../tree/name-codec.ts";
import type { BlockCompression } from "./block-codec.ts";
import { MetadataWriter } from "./metadata-writer.ts";

interface XattrSet {
  readonly reference: number;
  readonly pairCount: number;
  readonly pairBytes: number;
}

/**
 * Collects sets of extended attributes, each different set once; a value that came before and is longer than a
 * reference is stored out of line, as a reference to where it first stood.
 */
export class XattrTable {
  readonly #pairs: MetadataWriter;
  readonly #indexes = new Map<string, number>();
  readonly #sets: XattrSet[] = [];
  readonly #values = new Map<string, number>();
  readonly #dropped = new Set<string>();

  constructor(compression: BlockCompression) {
    this.#pairs = new MetadataWriter(compression);
  }

  /** Names whose namespace the format cannot hold (such as `system.posix_acl_access`), as they were met. */
  get droppedNames(): readonly string[] {
    return [...this.#dropped];
  }

  get count(): number {
    return this.#sets.length;
  }

  /** The number of a set, `NONE_U32` for an empty one. */
  indexOf(xattrs: ReadonlyMap<string, Uint8Array> | undefined): number {
    if (xattrs === undefined) return NONE_U32;
    const pairs = [...xattrs].filter(([name]) => this.#isStorable(name)).sort(([a], [b]) => compareNames(a, b));
    if (pairs.length === 0) return NONE_U32;
    const key = JSON.stringify(pairs.map(([name, value]) => [name, Buffer.from(value).toString("latin1")]));
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = this.#sets.length;
    this.#sets.push(this.#write(pairs));
    this.#indexes.set(key, index);
    return index;
  }

  /** The metadata blocks of names and values, and the rows that lead to them. */
  finish(): { readonly pairBlocks: readonly Buffer[]; readonly idRows: Buffer } {
    const idRows = Buffer.alloc(this.#sets.length * xattrIdLayout.sizeBytes);
    for (const [index, set] of this.#sets.entries()) {
      const row = index * xattrIdLayout.sizeBytes;
      idRows.writeBigUInt64LE(BigInt(set.reference), row + xattrIdLayout.reference);
      idRows.writeUInt32LE(set.pairCount, row + xattrIdLayout.pairCount);
      idRows.writeUInt32LE(set.pairBytes, row + xattrIdLayout.pairBytes);
    }
    return { pairBlocks: this.#pairs.finish(), idRows };
  }

  #isStorable(name: string): boolean {
    if (xattrPrefixes.some((prefix) => name.startsWith(prefix))) return true;
    this.#dropped.add(name);
    return false;
  }

  #write(pairs: readonly (readonly [string, Uint8Array])[]): XattrSet {
    const { block, offset } = this.#pairs.position;
    let pairBytes = 0;
    for (const [name, value] of pairs) pairBytes += this.#writePair(name, value);
    return { reference: metadataReference(block, offset), pairCount: pairs.length, pairBytes };
  }

  /** @returns bytes as the kernel counts them for its list of names: of the pair with its value in line */
  #writePair(name: string, value: Uint8Array): number {
    const type = xattrPrefixes.findIndex((prefix) => name.startsWith(prefix));
    const suffix = Buffer.from(name.slice(xattrPrefixes[type]?.length ?? 0), "utf8");
    const key = Buffer.from(value).toString("latin1");
    const earlier = value.length > XATTR_REFERENCE_BYTES ? this.#values.get(key) : undefined;
    const head = Buffer.alloc(xattrNameLayout.sizeBytes);
    head.writeUInt16LE(type | (earlier === undefined ? 0 : XATTR_OUT_OF_LINE_FLAG), xattrNameLayout.type);
    head.writeUInt16LE(suffix.length, xattrNameLayout.nameSize);
    this.#pairs.append(head);
    this.#pairs.append(suffix);
    const stored = earlier === undefined ? value : referenceBytes(earlier);
    if (earlier === undefined && value.length > XATTR_REFERENCE_BYTES) {
      const { block, offset } = this.#pairs.position;
      this.#values.set(key, metadataReference(block, offset));
    }
    const valueHead = Buffer.alloc(xattrValueLayout.sizeBytes);
    valueHead.writeUInt32LE(stored.length, xattrValueLayout.valueSize);
    this.#pairs.append(valueHead);
    this.#pairs.append(stored);
    return head.length + suffix.length + valueHead.length + value.length;
  }
}

function referenceBytes(reference: number): Buffer {
  const bytes = Buffer.alloc(XATTR_REFERENCE_BYTES);
  bytes.writeBigUInt64LE(BigInt(reference));
  return bytes;
}
