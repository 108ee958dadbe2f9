/** Major, minor and patch. */
export type JuliaVersion = readonly [major: number, minor: number, patch: number];

/** Releases from one version on, up to but without another. */
export interface JuliaRange {
  readonly from: JuliaVersion;
  /** Left out where there is no end. */
  readonly below?: JuliaVersion;
}

/** A version as written: what is left out, or a star, counts for every number. */
interface WrittenVersion {
  readonly major: number;
  readonly minor?: number;
  readonly patch?: number;
}

/**
 * Parses a value of a project's table `compat`: specifiers between commas, of which a version has to fit one.
 * @returns `undefined` for what is no such list
 * Source: Pkg.jl, "Compatibility"; `>`, `<=` and `≤` are repo2docker's, with missing numbers as zeros
 */
export function tryParseCompat(text: string): readonly JuliaRange[] | undefined {
  const ranges = text.split(",").map((specifier) => tryParseSpecifier(specifier.trim()));
  const known = ranges.filter((range) => range !== undefined);
  return known.length === ranges.length ? known : undefined;
}

/** Whether a version is in one of the ranges. */
export function isInRanges(version: JuliaVersion, ranges: readonly JuliaRange[]): boolean {
  return ranges.some(
    ({ from, below }) =>
      compareVersions(from, version) <= 0 && (below === undefined || compareVersions(version, below) < 0),
  );
}

/** `1.10.4`. */
export function formatVersion(version: JuliaVersion): string {
  return version.join(".");
}

function compareVersions(one: JuliaVersion, other: JuliaVersion): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function tryParseSpecifier(text: string): JuliaRange | undefined {
  const hyphen = /^(?<from>\S+)\s+-\s+(?<to>\S+)$/.exec(text)?.groups;
  if (hyphen !== undefined) {
    const [from, to] = [tryParseVersion(hyphen["from"]), tryParseVersion(hyphen["to"])];
    return from === undefined || to === undefined ? undefined : { from: lowest(from), below: afterAll(to) };
  }
  const groups = /^(?<operator>\^|~|>=|≥|<=|≤|=|<|>)?\s*(?<version>\S+)$/.exec(text)?.groups;
  const version = tryParseVersion(groups?.["version"]);
  return version === undefined ? undefined : rangeOf(groups?.["operator"] ?? "^", version);
}

function tryParseVersion(text: string | undefined): WrittenVersion | undefined {
  const groups = /^v?(?<major>\d+)(?:\.(?<minor>\d+|\*)(?:\.(?<patch>\d+|\*))?)?$/.exec(text ?? "")?.groups;
  if (groups === undefined) return undefined;
  const [minor, patch] = [groups["minor"] ?? "*", groups["patch"] ?? "*"];
  return {
    major: Number(groups["major"]),
    ...(minor === "*" ? {} : { minor: Number(minor) }),
    ...(minor === "*" || patch === "*" ? {} : { patch: Number(patch) }),
  };
}

function rangeOf(operator: string, version: WrittenVersion): JuliaRange {
  const from = lowest(version);
  const next: JuliaVersion = [from[0], from[1], from[2] + 1];
  switch (operator) {
    case "^":
      return { from, below: afterCompatible(version) };
    case "~":
      return { from, below: version.minor === undefined ? [from[0] + 1, 0, 0] : [from[0], from[1] + 1, 0] };
    case "=":
      return { from, below: next };
    case "<":
      return { from: [0, 0, 0], below: from };
    case "<=":
    case "≤":
      return { from: [0, 0, 0], below: next };
    case ">":
      return { from: next };
    default:
      return { from };
  }
}

function lowest({ major, minor, patch }: WrittenVersion): JuliaVersion {
  return [major, minor ?? 0, patch ?? 0];
}

/** The first version behind all that are written as this one. */
function afterAll({ major, minor, patch }: WrittenVersion): JuliaVersion {
  if (minor === undefined) return [major + 1, 0, 0];
  return patch === undefined ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

/** The first number that is not zero must stay; of a version of zeros, the last one that is written. */
function afterCompatible(version: WrittenVersion): JuliaVersion {
  const { major, minor } = version;
  if (major > 0 || minor === undefined) return [major + 1, 0, 0];
  return minor > 0 ? [0, minor + 1, 0] : afterAll(version);
}
