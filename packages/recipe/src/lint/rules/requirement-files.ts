import { isLocalReference } from "../../python/local-reference.ts";
import { logicalLines } from "../../python/logical-lines.ts";
import { parseRequirementLine, type RequirementLine } from "../../python/requirement-line.ts";
import { resolveInside } from "../../tree/resolve-inside.ts";
import type { RuleFinding } from "../finding.ts";
import { countingFile, type LintInput } from "../lint-input.ts";

/** A line of a requirements file with its place. */
interface PlacedLine {
  readonly path: string;
  readonly line: number;
  readonly item: RequirementLine;
}

/** All lines of `requirements.txt` that can be read, included files among them; what cannot be is the plan's to tell. */
function requirementLines(input: LintInput): readonly PlacedLine[] {
  const first = input.isContainer ? undefined : countingFile(input, "requirements.txt");
  const waiting = first === undefined ? [] : [first];
  const seen = new Set<string>();
  const lines: PlacedLine[] = [];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const { path } = file;
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { text, line } of logicalLines(file.text)) {
      const parsed = parseRequirementLine(text);
      for (const item of typeof parsed === "string" ? [] : parsed) {
        lines.push({ path, line, item });
        const included = item.kind === "include" ? resolveInside(path, item.path) : undefined;
        const content = included === undefined ? undefined : input.tree.readText(included);
        if (included !== undefined && content !== undefined) waiting.push({ path: included, text: content });
      }
    }
  }
  return lines;
}

/** Paths of the repository that a requirement names and that are not there. */
export function missingRequirementPaths(input: LintInput): RuleFinding[] {
  const known = new Set(input.tree.paths);
  return requirementLines(input).flatMap(({ path, line, item }) => {
    const target =
      item.kind === "target" ? item.target : item.kind === "requirement" ? item.requirement.url : undefined;
    if (target === undefined || !isLocalReference(target)) return [];
    const written = target
      .replace(/^(?:git|hg|svn|bzr)\+/, "")
      .replace(/^file:(?:\/\/)?/i, "")
      .replace(/\[[^\]]*\]$/, "")
      .replace(/#.*$/, "");
    // pip starts relative paths in the folder it is called in, which is the repository's root
    const place = resolveInside("", written);
    if (place === "" || (place !== undefined && known.has(place))) return [];
    const where = place === undefined ? "leads out of the repository" : "is not in the repository";
    return [{ path, line, message: `${written} ${where}`, hint: "add it to the repository, or name a release of it" }];
  });
}

/** Requirements without a version, as one finding for each file. */
export function unpinnedRequirements(input: LintInput): RuleFinding[] {
  if (input.isDated) return [];
  const loose = new Map<string, PlacedLine[]>();
  for (const placed of requirementLines(input)) {
    const { item, path } = placed;
    const isLoose =
      item.kind === "requirement" && item.requirement.url === undefined && !/[=~]=/.test(item.requirement.specifier);
    if (isLoose) loose.set(path, [...(loose.get(path) ?? []), placed]);
  }
  return [...loose].map(([path, lines]) => {
    const names = lines.flatMap(({ item }) => (item.kind === "requirement" ? [item.requirement.name] : []));
    return {
      path,
      line: lines[0]?.line ?? 1,
      message: `requirements without a version: ${shown(names)}`,
      hint: "write name==version, lock them (uv.lock, pylock.toml), or pin the day: date in repo2singularity.yaml",
    };
  });
}

/** Packages that only exist for Windows or macOS, as `pip freeze` there writes them. */
const foreign =
  /^(?:pywin32(?:-ctypes)?|pypiwin32|pywinpty|wmi|comtypes|pyobjc(?:-.*)?|pyreadline3?|windows-curses|macfsevents)$/i;

/** What of the lists can only be installed on another system. */
export function foreignRequirements(input: LintInput): RuleFinding[] {
  return requirementLines(input).flatMap(({ path, line, item }) => {
    if (item.kind !== "requirement" || item.requirement.marker !== undefined) return [];
    const { name } = item.requirement;
    if (!foreign.test(name)) return [];
    const message = `${name} is for Windows or macOS, and images are Linux`;
    return [{ path, line, message, hint: `take it out, or write: ${name} ; sys_platform == "win32"` }];
  });
}

/** Repositories that are fetched with a key that no build has. */
export function requirementsThatNeedKeys(input: LintInput): RuleFinding[] {
  return requirementLines(input).flatMap(({ path, line, item }) => {
    const target =
      item.kind === "target" ? item.target : item.kind === "requirement" ? item.requirement.url : undefined;
    if (target === undefined || !/^(?:git|hg)\+ssh:|^git\+[\w.-]+@/.test(target)) return [];
    const message = `${target} is fetched over ssh, with a key that no build step has`;
    return [{ path, line, message, hint: "name it by git+https://" }];
  });
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${first}, …` : first;
}
