import type { ChunkReader } from "./chunk-reader.ts";
import { invalidHeader, type TarHeader } from "./header.ts";
import { paddedSize, typeFlags } from "./layout.ts";
import { checkTarLimit, type TarLimits } from "./limits.ts";
import { parsePax, type PaxHeader, type PaxRecords } from "./pax.ts";

/** What the headers before an entry said about it. */
export interface PendingExtensions {
  readonly pax: PaxHeader;
  readonly longName: Uint8Array | undefined;
  readonly longLink: Uint8Array | undefined;
}

const extensionFlags: ReadonlySet<string> = new Set([
  typeFlags.paxLocal,
  typeFlags.paxLocalSolaris,
  typeFlags.paxGlobal,
  typeFlags.gnuLongName,
  typeFlags.gnuLongLink,
  typeFlags.gnuVolumeLabel,
  typeFlags.solarisAcl,
]);

/** Whether a header only describes others, so that it is no entry of its own. */
export function isExtension(header: TarHeader): boolean {
  return extensionFlags.has(header.typeFlag);
}

const noPax: PaxHeader = { records: new Map(), sparsePairs: [] };

/** Collects the headers that only describe other headers: pax, global pax, GNU's long names. */
export class ExtensionReader {
  readonly #bytes: ChunkReader;
  readonly #limits: Required<TarLimits>;
  readonly #globals: PaxRecords = new Map();
  #pax: PaxHeader | undefined;
  #longName: Uint8Array | undefined;
  #longLink: Uint8Array | undefined;

  constructor(bytes: ChunkReader, limits: Required<TarLimits>) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /** Takes in a header that {@link isExtension}, and its content. */
  async accept(header: TarHeader): Promise<void> {
    switch (header.typeFlag) {
      case typeFlags.paxLocal:
      case typeFlags.paxLocalSolaris:
        this.#pax = parsePax(await this.#readContent(header), header.offset);
        return;
      case typeFlags.paxGlobal:
        this.#addGlobals(parsePax(await this.#readContent(header), header.offset).records);
        return;
      case typeFlags.gnuLongName:
        this.#longName = withoutNul(await this.#readContent(header));
        return;
      case typeFlags.gnuLongLink:
        this.#longLink = withoutNul(await this.#readContent(header));
        return;
      default:
        await this.#readContent(header);
    }
  }

  /** What was collected for the entry that comes now; the next entry starts afresh. */
  takeFor(): PendingExtensions {
    const pending = { pax: this.#merged(), longName: this.#longName, longLink: this.#longLink };
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    return pending;
  }

  /** @throws E_TAR_INVALID when the archive ends after a header that describes an entry which never comes */
  checkNoneIsOpen(offset: number): void {
    if (this.#pax !== undefined || this.#longName !== undefined || this.#longLink !== undefined) {
      throw invalidHeader("the archive ends where the entry of an extension header should come", offset);
    }
  }

  /** A global value holds until changed; an empty one takes it back, also for one entry only. */
  #merged(): PaxHeader {
    if (this.#pax === undefined && this.#globals.size === 0) return noPax;
    const local = this.#pax ?? noPax;
    const records = new Map([...this.#globals, ...local.records]);
    for (const [key, value] of records) {
      if (value.length === 0 && !key.includes(".xattr.")) records.delete(key);
    }
    return { records, sparsePairs: local.sparsePairs };
  }

  #addGlobals(records: PaxRecords): void {
    for (const [key, value] of records) {
      if (value.length === 0) this.#globals.delete(key);
      else this.#globals.set(key, value);
    }
    checkTarLimit("extensionBytes", this.#globals.size, this.#limits, this.#bytes.offset);
  }

  async #readContent(header: TarHeader): Promise<Uint8Array> {
    checkTarLimit("extensionBytes", header.sizeBytes, this.#limits, header.offset);
    const what = "the content of an extension header";
    const content = await this.#bytes.take(paddedSize(header.sizeBytes), what);
    if (content === undefined) throw this.#bytes.truncated(what, paddedSize(header.sizeBytes));
    return Uint8Array.prototype.slice.call(content, 0, header.sizeBytes);
  }
}

/** GNU counts the closing NUL into the size of a long name. */
function withoutNul(content: Uint8Array): Uint8Array {
  const end = content.indexOf(0);
  return end < 0 ? content : content.subarray(0, end);
}
