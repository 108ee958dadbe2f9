import type { Socket } from "node:net";
import { asError } from "./as-error.ts";
import { type ResponseHead, tryParseResponseHead } from "./response-head.ts";

/** How a connection is made. */
export interface ConnectOptions {
  readonly timeoutMs: number;
  /** PEM of the authorities that are trusted; Node's own when left out. */
  readonly ca?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a connection is asked: a whole head, and perhaps a body. */
export interface BulkRequest {
  readonly head: string;
  /** Each chunk is on its way before the next one is asked for. */
  readonly body?: AsyncIterable<Uint8Array> | undefined;
}

/** As much as the kernel keeps of what arrived, so that one call takes it all. */
const bufferBytes = 2 ** 20;

/**
 * One connection of HTTP/1.1, which reads into one buffer again and again. Node's own clients take a new buffer of
 * 64 KiB for every read: for large bodies on fast networks that costs them five times the processor's time.
 * Used for one exchange at a time: `send`, then `nextBytes` until the body is whole.
 */
export class BulkConnection {
  readonly #socket: Socket;
  #take: ((bytes: Buffer | undefined) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;
  #failure: Error | undefined;
  #isEnded = false;
  #idleTimeoutMs = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => this.#break(error));
    socket.on("close", () => this.#break(new Error("the connection was closed")));
    socket.on("end", () => this.#end());
    socket.on("timeout", () => {
      if (this.#fail !== undefined) socket.destroy(new Error(`nothing came for ${this.#idleTimeoutMs} ms`));
    });
  }

  /** @throws the system's or TLS's error; an abort's reason */
  static async open(url: URL, options: ConnectOptions): Promise<BulkConnection> {
    options.signal?.throwIfAborted();
    const found: { connection?: BulkConnection } = {};
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    // `false`: nothing more is read until it is asked for, so that the bytes stay as they are
    const callback = (length: number): boolean => found.connection?.onBytes(buffer.subarray(0, length)) ?? false;
    const socket = await makeSocket(url, options.ca, { buffer, callback });
    const connection = new BulkConnection(socket);
    found.connection = connection;
    await connection.#waitUntilOpen(url.protocol === "https:" ? "secureConnect" : "connect", options);
    socket.setNoDelay(true);
    return connection;
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.#failure === undefined && !this.#isEnded;
  }

  /** Reads on while nobody waits, so that the end of an idle connection is seen; it keeps no process alive. */
  rest(): void {
    this.#socket.setTimeout(0);
    this.#socket.unref();
    this.#socket.resume();
  }

  close(error?: Error): void {
    this.#failure ??= error ?? new Error("the connection was closed here");
    this.#socket.destroy(error);
  }

  /**
   * Sends a request and waits for the head of its answer. A server may answer before it has the body: the rest is not
   * sent then, and the connection is good for nothing else.
   * @returns the head, and a copy of the bytes behind it that have arrived
   * @throws Error when the connection breaks, or what comes is no HTTP
   */
  async send(
    request: BulkRequest,
    idleTimeoutMs: number,
  ): Promise<{ readonly head: ResponseHead; readonly rest: Buffer; readonly isSent: boolean }> {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#socket.setTimeout(idleTimeoutMs);
    this.#socket.ref();
    const sending = { isDone: request.body === undefined, isStopped: false };
    this.#socket.write(request.head);
    this.#sendBody(request.body, sending).catch((error: unknown) => this.close(asError(error)));
    try {
      return { ...(await this.#readHead()), isSent: sending.isDone };
    } finally {
      sending.isStopped = true;
    }
  }

  /**
   * @returns what arrives next, valid until the next call; undefined when the server has ended the connection
   * @throws Error when the connection breaks
   */
  nextBytes(): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded) return resolve(undefined);
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#take = resolve;
      this.#fail = reject;
      // it may have run out while the caller was busy with the last bytes
      this.#socket.setTimeout(this.#idleTimeoutMs);
      this.#socket.resume();
    });
  }

  /** For the socket: bytes that lie in the buffer. */
  onBytes(bytes: Buffer): boolean {
    const take = this.#take;
    this.#take = undefined;
    this.#fail = undefined;
    if (take === undefined) this.close(new Error("the server sent what nobody asked for"));
    else take(bytes);
    return false;
  }

  async #readHead(): Promise<{ readonly head: ResponseHead; readonly rest: Buffer }> {
    let seen = Buffer.alloc(0);
    for (;;) {
      const bytes = await this.nextBytes();
      if (bytes === undefined) throw new Error("the server closed the connection before it answered");
      seen = Buffer.concat([seen, bytes]);
      const found = tryParseResponseHead(seen);
      if (found !== undefined) return { head: found.head, rest: seen.subarray(found.headBytes) };
    }
  }

  async #sendBody(
    body: AsyncIterable<Uint8Array> | undefined,
    sending: { isDone: boolean; readonly isStopped: boolean },
  ): Promise<void> {
    if (body === undefined) return;
    for await (const chunk of body) {
      if (sending.isStopped) return;
      await this.#write(chunk);
    }
    sending.isDone = true;
  }

  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#socket.write(chunk, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  #waitUntilOpen(event: "connect" | "secureConnect", { timeoutMs, signal }: ConnectOptions): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.close(connectTimeout(timeoutMs)), timeoutMs);
      const onAbort = (): void => this.close(asError(signal?.reason));
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#fail = undefined;
        act();
      };
      this.#fail = (error) => settle(() => reject(asError(error)));
      this.#socket.once(event, () => settle(resolve));
    });
  }

  #break(error: Error): void {
    this.#failure ??= error;
    const fail = this.#fail;
    this.#take = undefined;
    this.#fail = undefined;
    fail?.(this.#failure);
  }

  #end(): void {
    this.#isEnded = true;
    const take = this.#take;
    this.#take = undefined;
    this.#fail = undefined;
    take?.(undefined);
  }
}

async function makeSocket(
  url: URL,
  ca: string | undefined,
  onread: { readonly buffer: Buffer; readonly callback: (length: number) => boolean },
): Promise<Socket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const { connect, isIP } = await import("node:net");
  if (url.protocol !== "https:") return connect({ host, port: Number(url.port || 80), onread });
  const tls = await import("node:tls");
  const options = {
    host,
    port: Number(url.port || 443),
    ALPNProtocols: ["http/1.1"],
    onread, // as of net.connect, which the types do not say
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  };
  return tls.connect(options);
}

function connectTimeout(timeoutMs: number): Error {
  return Object.assign(new Error(`no connection within ${timeoutMs} ms`), { code: "ERR_CONNECT_TIMEOUT" });
}
