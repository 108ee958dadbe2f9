/** Characters that mean something in a regular expression. */
const special = /[\\^$.*+?()[\]{}|/-]/;

/**
 * The source of a regular expression for a wildcard pattern: `*`, `?`, `[a-z]`, `[^a-z]`, and a backslash that takes
 * the next character as it is; `**` over several folders where slashes count.
 * @param options whether `*` and `?` stop at slashes
 * Source: Go's path/filepath.Match, and moby/patternmatcher for `**`
 */
export function globExpression(pattern: string, options: { readonly stopsAtSlash: boolean }): string {
  const one = options.stopsAtSlash ? "[^/]" : ".";
  let source = "";
  const tokens = pattern.matchAll(/(?<deep>\*\*\/?)|(?<set>\[\^?(?:\\.|[^\]\\])+\])|\\(?<escaped>.)|(?<other>.)/gsu);
  for (const { groups } of tokens) {
    const { deep, set, escaped, other } = groups ?? {};
    if (deep !== undefined) source += deep.endsWith("/") && options.stopsAtSlash ? "(?:.*/)?" : ".*";
    else if (set !== undefined) source += setExpression(set);
    else if (other === "*") source += `${one}*`;
    else if (other === "?") source += one;
    else source += literal(escaped ?? other ?? "");
  }
  return source;
}

/** Whether a pattern has a wildcard in it. */
export function hasWildcard(pattern: string): boolean {
  return /(?<!\\)[*?[]/.test(pattern);
}

function setExpression(set: string): string {
  const isNegated = set.startsWith("[^");
  const inside = [...set.slice(isNegated ? 2 : 1, -1).matchAll(/\\(.)|(-)|(.)/gsu)];
  const source = inside.map(([, escaped, dash, plain]) => dash ?? literal(escaped ?? plain ?? "")).join("");
  // a range that is none, such as [z-a], matches nothing
  return isExpression(`[${source}]`) ? `[${isNegated ? "^" : ""}${source}]` : "(?!)";
}

function isExpression(source: string): boolean {
  try {
    return new RegExp(source, "u").source !== "";
  } catch {
    return false;
  }
}

function literal(character: string): string {
  return special.test(character) ? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}` : character;
}
