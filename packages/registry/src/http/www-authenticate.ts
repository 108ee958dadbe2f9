/** One challenge of a WWW-Authenticate header; scheme and parameter names in lower case. */
export interface AuthChallenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

type Token =
  | { readonly kind: "word" | "quoted"; readonly text: string }
  | { readonly kind: "," | "=" }
  | { readonly kind: "space" };

/** RFC 9110's token, and `:` and `/`, because some servers leave the quotes of an address out. */
const wordPattern = /[!#$%&'*+\-.^_`|~0-9A-Za-z/:]+/y;
const quotedPattern = /"((?:[^"\\]|\\.)*)"/sy;
const spacePattern = /[ \t]+/y;

/**
 * Parses a WWW-Authenticate header, which may hold several challenges; several header lines are joined by commas.
 * What cannot be read ends the parsing: the challenges before it are given, as browsers do.
 * Source: RFC 9110, section 11
 */
export function parseWwwAuthenticate(header: string): readonly AuthChallenge[] {
  const tokens = tokenize(header);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let index = 0;
  const kindAt = (at: number): Token["kind"] | undefined => tokens[at]?.kind;
  const skipSpace = (at: number): number => (kindAt(at) === "space" ? at + 1 : at);
  while (index < tokens.length) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.kind === "space" || token.kind === ",") {
      index += 1;
      continue;
    }
    if (token.kind !== "word") break;
    const equals = skipSpace(index + 1);
    const valueIndex = skipSpace(equals + 1);
    const value = tokens[valueIndex];
    const current = challenges.at(-1);
    if (kindAt(equals) === "=" && value !== undefined && "text" in value && current !== undefined) {
      current.parameters.set(token.text.toLowerCase(), value.text);
      index = valueIndex + 1;
    } else if (kindAt(index + 1) === "space" || kindAt(index + 1) === "," || index + 1 === tokens.length) {
      challenges.push({ scheme: token.text.toLowerCase(), parameters: new Map() });
      index += 1;
    } else {
      break;
    }
  }
  return challenges;
}

function tokenize(header: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < header.length) {
    const character = header[position];
    if (character === "," || character === "=") {
      tokens.push({ kind: character });
      position += 1;
      continue;
    }
    const match = matchAt(spacePattern, header, position) ?? matchAt(quotedPattern, header, position);
    if (match !== undefined) {
      const isSpace = match[1] === undefined;
      tokens.push(isSpace ? { kind: "space" } : { kind: "quoted", text: (match[1] ?? "").replaceAll(/\\(.)/gs, "$1") });
      position += match[0].length;
      continue;
    }
    const word = matchAt(wordPattern, header, position);
    if (word === undefined) break;
    tokens.push({ kind: "word", text: word[0] });
    position += word[0].length;
  }
  return tokens;
}

function matchAt(pattern: RegExp, text: string, position: number): RegExpExecArray | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text) ?? undefined;
}
