import type { WriteStream } from "node:tty";

/** What the command line needs of the process it runs in; tests give their own. */
export interface HostIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** For secrets that are piped or typed; nothing when left out. */
  readonly stdin?: InputStream;
  /** Fires on Ctrl-C and other requests to end. */
  readonly signal: AbortSignal;
}

/** A stream that gives bytes and may be a terminal. */
export interface InputStream extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  /** Of a terminal: hands on every key at once, and shows none. */
  setRawMode?(isRaw: boolean): unknown;
}

/** A stream that takes text and may be a terminal. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: WriteStream["isTTY"];
  readonly columns?: number;
}
