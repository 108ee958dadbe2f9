import { globExpression } from "../glob.ts";

/** How words are expanded. */
export interface Expansion {
  readonly variables: Readonly<Record<string, string>>;
  /** The file's escape character. */
  readonly escape: string;
  /** Whether quotes are left as they stand, as in here-documents. */
  readonly keepsQuotes?: boolean;
}

/** A word that cannot be expanded; the caller adds where it stands. */
export class ExpansionError extends Error {
  override readonly name = "ExpansionError";
}

/**
 * One word, or a whole text, with its variables filled in and its quotes taken off.
 * Knows `$x`, `${x}`, `${x-w}`, `${x+w}`, `${x?w}` with and without colon, `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`,
 * `${x/p/w}` and `${x//p/w}`, whose words may hold variables again. A variable that is not set is empty.
 * @throws ExpansionError for a brace or quote that is not closed, and as `${x?message}` asks
 * Source: shell lexer of BuildKit, `frontend/dockerfile/shell/lex.go`
 */
export function expandWord(word: string, expansion: Expansion): string {
  return new Expander(word, expansion).until("");
}

class Expander {
  readonly #text: string;
  readonly #expansion: Expansion;
  #at = 0;

  constructor(text: string, expansion: Expansion) {
    this.#text = text;
    this.#expansion = expansion;
  }

  /** Reads up to a closing character, which is taken; to the end when it is empty. */
  until(closing: string): string {
    let result = "";
    for (; ; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (character === "") {
        if (closing === "") return result;
        throw new ExpansionError(`"${closing}" is missing after ${this.#text}`);
      }
      if (character === closing) return result;
      result += this.#piece(character);
    }
  }

  #piece(character: string): string {
    const { escape, keepsQuotes = false } = this.#expansion;
    if (character === escape) return this.#escaped(escape, keepsQuotes);
    if (character === "'" && !keepsQuotes) return this.#single();
    if (character === '"' && !keepsQuotes) return this.#double();
    return character === "$" ? this.#dollar() : character;
  }

  #escaped(escape: string, keepsQuotes: boolean): string {
    const next = this.#text.charAt(this.#at + 1);
    if (next === "") return keepsQuotes ? escape : "";
    if (keepsQuotes && next !== "$" && next !== escape) return escape;
    this.#at += 1;
    return next;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new ExpansionError(`a single quote is not closed in ${this.#text}`);
    const inside = this.#text.slice(this.#at + 1, end);
    this.#at = end;
    return inside;
  }

  #double(): string {
    let result = "";
    for (this.#at++; ; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (character === "") throw new ExpansionError(`a double quote is not closed in ${this.#text}`);
      if (character === '"') return result;
      const next = this.#text.charAt(this.#at + 1);
      if (character === this.#expansion.escape && ['"', "$", this.#expansion.escape].includes(next)) {
        result += next;
        this.#at += 1;
      } else result += character === "$" ? this.#dollar() : character;
    }
  }

  /** A variable; afterwards the reader stands on its last character. */
  #dollar(): string {
    if (this.#text.charAt(this.#at + 1) === "{") {
      this.#at += 2;
      return this.#braced();
    }
    const name = /^(?:[A-Za-z_]\w*|[0-9@*#?$!-])/.exec(this.#text.slice(this.#at + 1))?.[0];
    if (name === undefined) return "$";
    this.#at += name.length;
    return this.#value(name) ?? "";
  }

  #braced(): string {
    const name = /^[A-Za-z_]\w*|^[0-9]+/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    if (name === "") throw new ExpansionError(`a variable's name is missing in ${this.#text}`);
    this.#at += name.length;
    const operator = /^(?:}|:[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(this.#text.slice(this.#at))?.[0];
    if (this.#at >= this.#text.length) throw new ExpansionError(`"}" is missing after ${this.#text}`);
    if (operator === undefined)
      throw new ExpansionError(`\${${name} is followed by something unknown in ${this.#text}`);
    const value = this.#value(name);
    if (operator === "}") return value ?? "";
    this.#at += operator.length;
    if (operator.startsWith("/")) return this.#replaced(value ?? "", operator === "//");
    const word = this.until("}");
    return applyOperator(operator, name, value, word);
  }

  #replaced(value: string, everywhere: boolean): string {
    const pattern = this.until("/");
    this.#at += 1;
    const word = this.until("}");
    const expression = new RegExp(globExpression(pattern, { stopsAtSlash: false }), everywhere ? "gsu" : "su");
    return value.replace(expression, () => word);
  }

  #value(name: string): string | undefined {
    const { variables } = this.#expansion;
    return Object.hasOwn(variables, name) ? variables[name] : undefined;
  }
}

function applyOperator(operator: string, name: string, value: string | undefined, word: string): string {
  const isThere = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator.at(-1)) {
    case "-":
      return isThere ? (value ?? "") : word;
    case "+":
      return isThere ? word : "";
    case "?":
      if (isThere) return value ?? "";
      throw new ExpansionError(`${name}: ${word === "" ? "is not set" : word}`);
    default:
      return trimmed(value ?? "", operator, word);
  }
}

/** `#` and `%` take the shortest match off the start and off the end, doubled the longest. */
function trimmed(value: string, operator: string, pattern: string): string {
  const whole = new RegExp(`^${globExpression(pattern, { stopsAtSlash: false })}$`, "su");
  const lengths = Array.from({ length: value.length + 1 }, (_, length) => length);
  const ordered = operator.length === 2 ? lengths.toReversed() : lengths;
  for (const length of ordered) {
    const isStart = operator.startsWith("#");
    const part = isStart ? value.slice(0, length) : value.slice(value.length - length);
    if (whole.test(part)) return isStart ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}
