import { asError } from "./as-error.ts";
import { BulkBody } from "./bulk-body.ts";
import { BulkConnection } from "./bulk-connection.ts";
import type { ResponseHead } from "./response-head.ts";

/** How connections are made and watched. */
export interface BulkAgentOptions {
  readonly connectTimeoutMs: number;
  /** PEM of the authorities that are trusted; Node's own when left out. */
  readonly ca?: string;
}

/** One exchange. */
export interface BulkQuestion {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Its length must be in the headers. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Without a byte in either direction. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What was answered, redirects and all. */
export interface BulkAnswer {
  readonly statusCode: number;
  readonly headers: ResponseHead["headers"];
  readonly body: BulkBody;
}

/** Servers close idle connections, mostly after five seconds or more. */
const keptMs = 4_000;
const headerForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Control characters would begin a line of their own. */
const valueForm = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Asks servers over connections that read into buffers of their own; for large bodies. One that is idle is used again.
 * Memory: 1 MiB for each connection.
 */
export class BulkAgent {
  readonly #options: BulkAgentOptions;
  readonly #idle = new Map<string, Array<{ readonly connection: BulkConnection; readonly sinceMs: number }>>();
  readonly #open = new Set<BulkConnection>();

  constructor(options: BulkAgentOptions) {
    this.#options = options;
  }

  /**
   * @param url http or https
   * @throws the system's errors, or an Error that says what is wrong with the answer; an abort's reason
   */
  async ask(url: URL, question: BulkQuestion): Promise<BulkAnswer> {
    // a body cannot be sent twice, and the server may have closed an idle connection just now
    const kept = question.body === undefined ? this.#takeIdle(url.origin) : undefined;
    if (kept !== undefined) {
      // then it is asked on a new one
      const answer = await this.#exchange(kept, url, question).catch((error: unknown) => {
        if (question.signal?.aborted === true) throw error;
        return undefined;
      });
      if (answer !== undefined) return answer;
    }
    const { connectTimeoutMs, ca } = this.#options;
    const options = { timeoutMs: connectTimeoutMs, signal: question.signal, ...(ca !== undefined && { ca }) };
    const connection = await BulkConnection.open(url, options);
    this.#open.add(connection);
    return this.#exchange(connection, url, question);
  }

  /** Ends all connections, also those in use. */
  close(): void {
    for (const connection of this.#open) connection.close();
    this.#open.clear();
    this.#idle.clear();
  }

  async #exchange(connection: BulkConnection, url: URL, question: BulkQuestion): Promise<BulkAnswer> {
    const { signal, idleTimeoutMs } = question;
    const onAbort = (): void => connection.close(asError(signal?.reason));
    const drop = (): void => {
      signal?.removeEventListener("abort", onAbort);
      this.#open.delete(connection);
      connection.close();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const request = { head: formatHead(url, question), body: question.body?.() };
      const { head, rest, isSent } = await connection.send(request, idleTimeoutMs);
      const onDone = (isReusable: boolean): void => {
        if (!isReusable || !head.isKept || !isSent) return drop();
        signal?.removeEventListener("abort", onAbort);
        this.#keep(url.origin, connection);
      };
      const body = new BulkBody({ connection, framing: head.framing, rest, onDone });
      return { statusCode: head.statusCode, headers: head.headers, body };
    } catch (error) {
      drop();
      throw error;
    }
  }

  #keep(origin: string, connection: BulkConnection): void {
    connection.rest();
    const idle = this.#idle.get(origin) ?? [];
    this.#idle.set(origin, [...idle, { connection, sinceMs: performance.now() }]);
  }

  #takeIdle(origin: string): BulkConnection | undefined {
    const idle = this.#idle.get(origin) ?? [];
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      if (last.connection.isOpen && performance.now() - last.sinceMs < keptMs) return last.connection;
      this.#open.delete(last.connection);
      last.connection.close();
    }
    return undefined;
  }
}

function formatHead(url: URL, { method, headers }: BulkQuestion): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (!headerForm.test(name) || !valueForm.test(value)) throw new TypeError(`the header ${name} cannot be sent`);
    return `${name}: ${value}\r\n`;
  });
  return `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n${lines.join("")}\r\n`;
}
