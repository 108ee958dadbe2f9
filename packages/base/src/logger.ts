/** Where rooms tell what they do: constant text and fields, no secrets. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A logger that keeps nothing, for callers that do not care. */
export const nullLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
};
