/** A side of a comparison: a variable of the environment such as `python_version`, or a text. */
export type Operand = { readonly variable: string } | { readonly text: string };

/** A comparison such as `python_version < "3.11"` or `"linux" in sys_platform`. */
export interface Comparison {
  readonly kind: "compare";
  readonly left: Operand;
  readonly operator: string;
  readonly right: Operand;
}

/** An environment marker: says where a requirement counts. */
export type Marker = Comparison | { readonly kind: "and" | "or"; readonly parts: readonly Marker[] };

const tokenPattern =
  /\s*(?:(?<text>"[^"]*"|'[^']*')|(?<operator><=|>=|===|==|!=|~=|<|>)|(?<bracket>[()])|(?<word>[A-Za-z_][\w.]*))/y;

/** Texts of single words, so that quoted `"and"` is not taken for the operator. */
interface Token {
  readonly kind: "text" | "operator" | "bracket" | "word";
  readonly value: string;
}

/** Names of old setuptools and pip for today's variables. */
const oldNames: Readonly<Record<string, string>> = {
  "os.name": "os_name",
  "sys.platform": "sys_platform",
  "platform.version": "platform_version",
  "platform.machine": "platform_machine",
  "platform.python_implementation": "platform_python_implementation",
  python_implementation: "platform_python_implementation",
};

/**
 * Reads an environment marker.
 * @returns the marker, or the sentence that says what is wrong with the text
 * Source: PEP 508, "Environment Markers"; PEP 751 for the lists `extras` and `dependency_groups`
 */
export function parseMarker(text: string): Marker | string {
  const tokens = tokenize(text);
  if (tokens === undefined) return `"${text}" is not an environment marker`;
  const reader = { tokens, position: 0 };
  const marker = readOr(reader);
  if (marker === undefined || reader.position < tokens.length) return `"${text}" is not an environment marker`;
  return marker;
}

interface Reader {
  readonly tokens: readonly Token[];
  position: number;
}

function tokenize(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  let position = 0;
  while (position < end) {
    tokenPattern.lastIndex = position;
    const groups = tokenPattern.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (found === undefined) return undefined;
    const [kind, value] = found;
    // the groups of the pattern are the kinds of tokens
    tokens.push({ kind: kind as Token["kind"], value: kind === "text" ? value.slice(1, -1) : value });
    position = tokenPattern.lastIndex;
  }
  return tokens;
}

function take(reader: Reader, kind: Token["kind"], value?: string): Token | undefined {
  const token = reader.tokens[reader.position];
  if (token?.kind !== kind || (value !== undefined && token.value !== value)) return undefined;
  reader.position += 1;
  return token;
}

function readOr(reader: Reader): Marker | undefined {
  return readChain(reader, "or", () => readChain(reader, "and", () => readTerm(reader)));
}

function readChain(reader: Reader, word: "and" | "or", read: () => Marker | undefined): Marker | undefined {
  const parts: Marker[] = [];
  do {
    const part = read();
    if (part === undefined) return undefined;
    parts.push(part);
  } while (take(reader, "word", word) !== undefined);
  return parts.length === 1 ? parts[0] : { kind: word, parts };
}

function readTerm(reader: Reader): Marker | undefined {
  if (take(reader, "bracket", "(") !== undefined) {
    const inner = readOr(reader);
    return take(reader, "bracket", ")") === undefined ? undefined : inner;
  }
  const left = readOperand(reader);
  const operator = readOperator(reader);
  const right = readOperand(reader);
  if (left === undefined || operator === undefined || right === undefined) return undefined;
  return { kind: "compare", left, operator, right };
}

function readOperand(reader: Reader): Operand | undefined {
  const text = take(reader, "text");
  if (text !== undefined) return { text: text.value };
  const word = take(reader, "word");
  return word === undefined ? undefined : { variable: oldNames[word.value] ?? word.value };
}

function readOperator(reader: Reader): string | undefined {
  if (take(reader, "word", "in") !== undefined) return "in";
  if (take(reader, "word", "not") !== undefined) {
    return take(reader, "word", "in") === undefined ? undefined : "not in";
  }
  return take(reader, "operator")?.value;
}

/** Writes a marker as {@link parseMarker} reads it. */
export function formatMarker(marker: Marker): string {
  if (marker.kind === "compare") {
    return `${formatOperand(marker.left)} ${marker.operator} ${formatOperand(marker.right)}`;
  }
  return marker.parts
    .map((part) => (part.kind === "compare" ? formatMarker(part) : `(${formatMarker(part)})`))
    .join(` ${marker.kind} `);
}

function formatOperand(operand: Operand): string {
  if ("variable" in operand) return operand.variable;
  return operand.text.includes("'") ? `"${operand.text}"` : `'${operand.text}'`;
}
