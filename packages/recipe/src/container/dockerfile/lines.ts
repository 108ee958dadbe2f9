/** A line as Dockerfiles mean it: physical lines joined where they are continued, comments left out. */
export interface JoinedLine {
  readonly text: string;
  /** Of its first physical line, counted from 1. */
  readonly line: number;
}

/** The lines of a Dockerfile, read one joined line at a time, so that here-documents can be taken verbatim between. */
export class LineReader {
  readonly #lines: readonly string[];
  readonly #escape: string;
  #next = 0;

  /** @param escape the character that continues lines: a backslash or a backtick */
  constructor(text: string, escape: string) {
    this.#lines = text.split(/\r?\n/);
    if (this.#lines.at(-1) === "") this.#lines = this.#lines.slice(0, -1);
    this.#escape = escape;
  }

  /** The next joined line that is neither empty nor a comment; `undefined` at the end. */
  read(): JoinedLine | undefined {
    let joined: string | undefined;
    let first = 0;
    for (; this.#next < this.#lines.length; this.#next++) {
      const physical = this.#lines[this.#next] ?? "";
      const trimmed = physical.trimStart();
      if (trimmed === "" || trimmed.startsWith("#")) continue; // also between continued lines
      if (joined === undefined) first = this.#next + 1;
      const continued = this.#withoutContinuation(joined === undefined ? trimmed : physical);
      joined = (joined ?? "") + (continued ?? (joined === undefined ? trimmed : physical));
      if (continued !== undefined) continue;
      this.#next += 1;
      break;
    }
    return joined === undefined ? undefined : { text: joined.trimEnd(), line: first };
  }

  /**
   * The lines of a here-document, as they stand, up to its terminator, which is taken too.
   * @param stripsTabs whether tabs in front of lines and of the terminator are dropped
   * @returns `undefined` when the terminator does not come
   */
  readHeredoc(terminator: string, stripsTabs: boolean): string | undefined {
    let content = "";
    while (this.#next < this.#lines.length) {
      const physical = this.#lines[this.#next++] ?? "";
      const line = stripsTabs ? physical.replace(/^\t+/, "") : physical;
      if (line === terminator) return content;
      content += `${line}\n`;
    }
    return undefined;
  }

  /** The line without its continuation character; `undefined` when it has none at its end. */
  #withoutContinuation(line: string): string | undefined {
    const trimmed = line.replace(/[ \t]+$/, "");
    return trimmed.endsWith(this.#escape) ? trimmed.slice(0, -1) : undefined;
  }
}

/**
 * The parser directives in front of a Dockerfile, such as `# escape=`: comments of that form before anything else.
 * Names are in small letters. Source: Dockerfile reference, "Parser directives"
 */
export function parseDirectives(text: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^#[ \t]*(?<name>[a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(?<value>.+?)[ \t]*$/.exec(line)?.groups;
    const name = match?.["name"]?.toLowerCase();
    if (name === undefined || directives.has(name)) break;
    directives.set(name, match?.["value"] ?? "");
  }
  return directives;
}
