const clausePattern = /\s*,?\s*(?<operator>\^|~=|~|===|==|=|>=|<=|!=|>|<)?\s*v?(?<version>\*|\d[^\s,]*)\s*/y;

/**
 * Translates a version constraint of Poetry.
 * @returns PEP 440 specifiers of which one has to hold, such as `[">=1.2,<2"]` for `^1.2`; none when the text is no
 * constraint
 * Source: python-poetry.org, "Dependency specification"
 */
export function poetrySpecifiers(text: string): readonly string[] {
  const alternatives = text.split("||").map(translateAll);
  return alternatives.every((part) => part !== undefined) ? alternatives : [];
}

function translateAll(text: string): string | undefined {
  const clauses: string[] = [];
  let position = 0;
  while (position < text.trimEnd().length) {
    clausePattern.lastIndex = position;
    const groups = clausePattern.exec(text)?.groups;
    if (groups === undefined) return undefined;
    position = clausePattern.lastIndex;
    clauses.push(translate(groups["operator"] ?? "", groups["version"] ?? ""));
  }
  return clauses.filter((clause) => clause !== "").join(",");
}

function translate(operator: string, version: string): string {
  if (version === "*") return "";
  switch (operator) {
    case "^":
      return `>=${version},<${caretLimit(version)}`;
    case "~":
      return `>=${version},<${raised(version, Math.min(numbersOf(version).length - 1, 1))}`;
    case "":
    case "=":
      return `==${version}`;
    default:
      return `${operator}${version}`;
  }
}

function numbersOf(version: string): readonly number[] {
  const release = /^\d+(?:\.\d+)*/.exec(version)?.[0] ?? "0";
  return release.split(".").map(Number);
}

/** The first number that is not zero may not change. */
function caretLimit(version: string): string {
  const numbers = numbersOf(version);
  const first = numbers.findIndex((number) => number > 0);
  return raised(version, first < 0 ? numbers.length - 1 : first);
}

function raised(version: string, place: number): string {
  const numbers = numbersOf(version).slice(0, place + 1);
  return numbers.map((number, index) => (index === place ? number + 1 : number)).join(".");
}
