import { createHash, type Hash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { AppError, isAppError } from "@repo2singularity/base";
import { discardBody, headerOf, type HttpAnswer } from "@repo2singularity/base/http";
import type { ByteBudget } from "./byte-budget.ts";
import type { SourceClient } from "./source-client.ts";
import { bodyError } from "./source-errors.ts";

/** A checksum as a provider gives it. */
export interface Checksum {
  readonly algorithm: "md5" | "sha1" | "sha256" | "sha512";
  /** Lower-case hexadecimal digits. */
  readonly hex: string;
}

/** A file that can be downloaded, and what is known of it. */
export interface RemoteFile {
  readonly url: string;
  /** How people and errors call it. */
  readonly shown: string;
  /** Bytes; not checked when undefined. */
  readonly sizeBytes?: number | undefined;
  readonly checksum?: Checksum | undefined;
}

/** How far a download is. */
export interface DownloadProgress {
  readonly file: string;
  readonly doneBytes: number;
  /** Undefined when the server did not say. */
  readonly totalBytes: number | undefined;
}

/** What was downloaded. */
export interface DownloadedFile {
  readonly sizeBytes: number;
  readonly sha256Hex: string;
}

/** What a download is done with. */
export interface DownloadTools {
  readonly client: SourceClient;
  readonly budget: ByteBudget;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
}

/** Bytes between two reports of progress. */
const reportEveryBytes = 4 * 2 ** 20;

/**
 * Downloads a file. A connection that breaks is taken up where it broke, as long as the server vouches (If-Range) that
 * the file is still the same one, or its checksum is known; a try that brought something forward counts anew.
 * Memory: the chunk in hand.
 * @param path where nothing may be; after an error there is nothing again
 * @throws E_SOURCE_CHECKSUM when size or checksum differ, E_LIMIT_EXCEEDED, and what `SourceClient.ask` throws
 */
export async function downloadFile(file: RemoteFile, path: string, tools: DownloadTools): Promise<DownloadedFile> {
  const handle = await open(path, "wx", 0o644);
  try {
    const download = new Download(file, handle, tools);
    for (;;) {
      const beforeBytes = download.doneBytes;
      try {
        await tools.client.retry(() => download.continue());
        break;
      } catch (error) {
        const isWorthAnother = isAppError(error) && error.retryable && download.doneBytes > beforeBytes;
        if (!isWorthAnother) throw error;
      }
    }
    return download.finish();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

interface FileHashes {
  /** Of the provider's algorithm; undefined when it gives no checksum. */
  readonly own: Hash | undefined;
  readonly sha256: Hash;
}

/** One file on its way, over as many connections as it takes. */
class Download {
  readonly #file: RemoteFile;
  readonly #handle: FileHandle;
  readonly #tools: DownloadTools;
  #hashes: FileHashes;
  /** What the server must still have for the rest to fit: a strong ETag, else Last-Modified. */
  #validator: string | undefined;
  #reportedBytes = 0;
  doneBytes = 0;

  constructor(file: RemoteFile, handle: FileHandle, tools: DownloadTools) {
    this.#file = file;
    this.#handle = handle;
    this.#tools = tools;
    this.#hashes = this.#newHashes();
  }

  /** Asks for what is missing and writes it. */
  async continue(): Promise<void> {
    const canResume = this.doneBytes > 0 && (this.#validator ?? this.#file.checksum) !== undefined;
    const answer = await this.#tools.client.ask(this.#file.url, { headers: canResume ? this.#rangeHeaders() : {} }, [
      200,
      206,
      ...(canResume ? [416] : []),
    ]);
    try {
      const isContinued = continuesAt(answer, this.doneBytes);
      if (!isContinued) await this.#beginAnew();
      if (!isContinued && answer.statusCode !== 200) throw this.#endedEarly(answer.shownUrl);
      this.#validator = validatorOf(answer);
      await this.#write(answer);
    } finally {
      discardBody(answer);
    }
  }

  /** @throws E_SOURCE_CHECKSUM */
  finish(): DownloadedFile {
    const { checksum, sizeBytes } = this.#file;
    if (sizeBytes !== undefined && this.doneBytes !== sizeBytes) {
      throw mismatch(this.#file, `${sizeBytes} bytes`, `${this.doneBytes}`);
    }
    const found = this.#hashes.own?.digest("hex");
    if (checksum !== undefined && checksum.hex !== found) {
      throw mismatch(this.#file, `${checksum.algorithm} ${checksum.hex}`, found ?? "nothing");
    }
    this.#report();
    return { sizeBytes: this.doneBytes, sha256Hex: this.#hashes.sha256.digest("hex") };
  }

  #rangeHeaders(): Record<string, string> {
    const range = { range: `bytes=${this.doneBytes}-` };
    return this.#validator === undefined ? range : { ...range, "if-range": this.#validator };
  }

  async #write(answer: HttpAnswer): Promise<void> {
    const lengthBytes = Number(headerOf(answer, "content-length") ?? Number.NaN);
    const totalBytes = Number.isNaN(lengthBytes) ? this.#file.sizeBytes : this.doneBytes + lengthBytes;
    try {
      // a body without an encoding gives bytes
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        this.#tools.budget.take(chunk.length);
        await this.#handle.write(chunk, 0, chunk.length, this.doneBytes);
        this.#hashes.own?.update(chunk);
        this.#hashes.sha256.update(chunk);
        this.doneBytes += chunk.length;
        this.#checkNotTooLong();
        if (this.doneBytes - this.#reportedBytes >= reportEveryBytes) this.#report(totalBytes);
      }
    } catch (error) {
      throw bodyError(error, answer.shownUrl);
    }
    if (totalBytes !== undefined && this.doneBytes < totalBytes) throw this.#endedEarly(answer.shownUrl);
  }

  #checkNotTooLong(): void {
    const { sizeBytes } = this.#file;
    if (sizeBytes === undefined || this.doneBytes <= sizeBytes) return;
    throw mismatch(this.#file, `${sizeBytes} bytes`, `at least ${this.doneBytes}`);
  }

  #report(totalBytes: number | undefined = this.doneBytes): void {
    this.#reportedBytes = this.doneBytes;
    this.#tools.onProgress?.({ file: this.#file.shown, doneBytes: this.doneBytes, totalBytes });
  }

  async #beginAnew(): Promise<void> {
    this.#tools.budget.take(-this.doneBytes);
    await this.#handle.truncate(0);
    this.#hashes = this.#newHashes();
    this.#reportedBytes = 0;
    this.doneBytes = 0;
  }

  #newHashes(): FileHashes {
    const { checksum } = this.#file;
    return { own: checksum && createHash(checksum.algorithm), sha256: createHash("sha256") };
  }

  #endedEarly(shownUrl: string): AppError {
    const expected = this.#file.sizeBytes === undefined ? "" : ` of ${this.#file.sizeBytes}`;
    return new AppError("E_SOURCE_NETWORK", `${shownUrl}: ended after ${this.doneBytes}${expected} bytes`, {
      hint: "try again",
      retryable: true,
    });
  }
}

/** Whether an answer goes on where the file ends so far. */
function continuesAt(answer: HttpAnswer, offset: number): boolean {
  if (answer.statusCode !== 206) return offset === 0;
  const start = /^bytes (?<start>\d+)-/.exec(headerOf(answer, "content-range") ?? "")?.groups?.["start"];
  return Number(start) === offset;
}

function validatorOf(answer: HttpAnswer): string | undefined {
  const etag = headerOf(answer, "etag");
  return etag !== undefined && !etag.startsWith("W/") ? etag : headerOf(answer, "last-modified");
}

function mismatch(file: RemoteFile, expected: string, found: string): AppError {
  return new AppError("E_SOURCE_CHECKSUM", `${file.shown}: expected ${expected}, found ${found}`, {
    hint: "fetch it again; if it happens twice, the archive's copy or its record is damaged",
  });
}
