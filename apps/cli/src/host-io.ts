import type { WriteStream } from "node:tty";

/** What the command line needs of the process it runs in; tests give their own. */
export interface HostIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Fires on Ctrl-C and other requests to end. */
  readonly signal: AbortSignal;
}

/** A stream that takes text and may be a terminal. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: WriteStream["isTTY"];
  readonly columns?: number;
}
