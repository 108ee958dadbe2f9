import { isSpecifier, normalizeName, specifierAllows } from "../requirement.ts";
import type { Comparison, Marker, Operand } from "./marker.ts";

/** What is known, when a plan is made, of the environment that packages are chosen for. */
export interface MarkerEnvironment {
  /** `3.12`, or `3.12.4` where the patch level is known. */
  readonly python: string;
  /** As `uname -m` says it. */
  readonly machine: "x86_64" | "aarch64";
  /** Normalised names of the extras that are asked for. */
  readonly extras: ReadonlySet<string>;
  /** Normalised names of the dependency groups that are asked for. */
  readonly groups: ReadonlySet<string>;
}

/** More patch releases than any line of CPython has had. */
const patchCount = 60;

/**
 * Decides a marker as far as the environment is known.
 * @returns whether it holds, or what remains to be seen in the image, such as `python_full_version < "3.11.3"` when only
 * 3.11 is known
 * Source: PEP 508, "Environment Markers"
 */
export function simplifyMarker(marker: Marker, environment: MarkerEnvironment): boolean | Marker {
  if (marker.kind === "compare") return decide(marker, environment);
  const absorbing = marker.kind === "or";
  const open: Marker[] = [];
  for (const part of marker.parts) {
    const result = simplifyMarker(part, environment);
    if (result === absorbing) return absorbing;
    if (typeof result !== "boolean") open.push(result);
  }
  const [first] = open;
  if (first === undefined) return !absorbing;
  return open.length === 1 ? first : { kind: marker.kind, parts: open };
}

function decide(comparison: Comparison, environment: MarkerEnvironment): boolean | Marker {
  const { left, operator, right } = comparison;
  if ("text" in left && "text" in right) return compareTexts(left.text, operator, right.text);
  const list = listOf(left, environment) ?? listOf(right, environment);
  if (list !== undefined) return isMember(comparison, list);
  const [variable, text, isReversed] = "variable" in left ? [left, right, false] : [right, left, true];
  if (!("variable" in variable) || !("text" in text)) return comparison;
  if (variable.variable === "python_full_version" || variable.variable === "implementation_version") {
    return decideFullVersion(
      comparison,
      { operator: isReversed ? reversed(operator) : operator, text: text.text },
      environment,
    );
  }
  const value = valueOf(variable.variable, environment);
  if (value === undefined) return comparison;
  if (variable.variable === "python_version" && !operator.endsWith("in")) {
    return compareVersions(value, isReversed ? reversed(operator) : operator, text.text);
  }
  return isReversed ? compareTexts(text.text, operator, value) : compareTexts(value, operator, text.text);
}

/** The sets behind `extra`, `extras` and `dependency_groups`. */
function listOf(operand: Operand, { extras, groups }: MarkerEnvironment): ReadonlySet<string> | undefined {
  if (!("variable" in operand)) return undefined;
  if (operand.variable === "extra" || operand.variable === "extras") return extras;
  return operand.variable === "dependency_groups" ? groups : undefined;
}

function isMember({ left, operator, right }: Comparison, list: ReadonlySet<string>): boolean {
  const name = "text" in left ? left.text : "text" in right ? right.text : "";
  return list.has(normalizeName(name)) === (operator === "==" || operator === "in");
}

function valueOf(variable: string, { python, machine }: MarkerEnvironment): string | undefined {
  const values: Readonly<Record<string, string>> = {
    os_name: "posix",
    sys_platform: "linux",
    platform_system: "Linux",
    platform_machine: machine,
    platform_python_implementation: "CPython",
    implementation_name: "cpython",
    python_version: python.split(".").slice(0, 2).join("."),
  };
  return values[variable];
}

/** Where the patch level is open, all of them have to agree. */
function decideFullVersion(
  comparison: Comparison,
  { operator, text }: { readonly operator: string; readonly text: string },
  { python }: MarkerEnvironment,
): boolean | Marker {
  if (operator.endsWith("in")) return comparison;
  if (python.split(".").length > 2) return compareVersions(python, operator, text);
  const results = Array.from({ length: patchCount }, (_, patch) =>
    compareVersions(`${python}.${patch}`, operator, text),
  );
  const [first = false] = results;
  return results.every((result) => result === first) ? first : comparison;
}

function compareVersions(version: string, operator: string, text: string): boolean {
  const specifier = `${operator}${text}`;
  return isSpecifier(specifier) && operator !== "==="
    ? specifierAllows(specifier, version)
    : compareTexts(version, operator, text);
}

function compareTexts(left: string, operator: string, right: string): boolean {
  switch (operator) {
    case "in":
      return right.includes(left);
    case "not in":
      return !right.includes(left);
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return left === right;
  }
}

/** The operator with its sides changed. */
function reversed(operator: string): string {
  return operator.replace(/[<>]/, (sign) => (sign === "<" ? ">" : "<"));
}
