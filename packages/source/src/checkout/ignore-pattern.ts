/** Characters that mean something in a regular expression, and inside its brackets. */
const special = /[\\^$.*+?()[\]{}|/-]/;

/** Matches nothing. */
const never = /(?!)/u;

/**
 * The regular expression of one Docker ignore pattern, for whole paths: `*` and `?` stop at slashes, `**` does not,
 * `[a-z]` and `[^a-z]` are sets, a backslash takes the next character as it is.
 * @returns an expression that matches nothing for a set that is none, such as `[z-a]`
 * Source: `compile` in moby/patternmatcher
 */
export function ignorePatternExpression(pattern: string): RegExp {
  const tokens = pattern.matchAll(/(?<stars>\*\*\/?)|(?<set>\[\^?(?:\\.|[^\]\\])+\])|\\(?<escaped>.)|(?<other>.)/gsu);
  let source = "";
  for (const { groups, index, 0: token } of tokens) {
    const { stars, set, escaped, other } = groups ?? {};
    if (stars !== undefined) source += index + token.length === pattern.length ? ".*" : "(?:.*/)?";
    else if (set !== undefined) source += setSource(set);
    else if (other === "*") source += "[^/]*";
    else if (other === "?") source += "[^/]";
    else source += literalSource(escaped ?? other ?? "");
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    return never;
  }
}

function setSource(set: string): string {
  const isNegated = set.startsWith("[^");
  const inside = set.slice(isNegated ? 2 : 1, -1).replaceAll(/\\(?<character>.)|(?<plain>[^-])/gsu, (...found) => {
    // the last argument of a replacer is the groups when the expression names some
    const { character, plain } = found.at(-1) as { character?: string; plain?: string };
    return literalSource(character ?? plain ?? "");
  });
  return `[${isNegated ? "^" : ""}${inside}]`;
}

function literalSource(character: string): string {
  return special.test(character) ? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}` : character;
}
