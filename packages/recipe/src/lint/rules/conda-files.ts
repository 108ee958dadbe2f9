import type { ConfigFile } from "../../detect/config-file.ts";
import type { RuleFinding } from "../finding.ts";
import { countingFile, lineOf, type LintInput } from "../lint-input.ts";

function environmentFile(input: LintInput): ConfigFile | undefined {
  if (input.isContainer) return undefined;
  return countingFile(input, "environment.yml") ?? countingFile(input, "environment.yaml");
}

/** Entries of the list of dependencies as they are written, with their lines. */
function entries({ text }: ConfigFile): readonly { readonly line: number; readonly spec: string }[] {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => /^dependencies\s*:/.test(line));
  const found: { line: number; spec: string }[] = [];
  for (const [index, line] of lines.entries()) {
    if (start < 0 || index <= start) continue;
    if (/^[A-Za-z]/.test(line)) break;
    const spec = /^\s*-\s+["']?(?<spec>[^"'#{]+?)["']?\s*(?:#.*)?$/.exec(line)?.groups?.["spec"];
    if (spec === undefined) continue;
    if (/^pip\s*:$/.test(spec)) break; // what follows is pip's
    found.push({ line: index + 1, spec });
  }
  return found;
}

/** Builds of one platform, as `conda env export` writes them. */
export function condaBuildStrings(input: LintInput): RuleFinding[] {
  const file = environmentFile(input);
  const found =
    file === undefined ? [] : entries(file).filter(({ spec }) => /^[^=<>!~]+=[^=]+=[A-Za-z0-9_]+$/.test(spec));
  const [first] = found;
  if (file === undefined || first === undefined) return [];
  return [
    {
      path: file.path,
      line: first.line,
      message: `${first.spec} names a build, which exists for one platform only and leaves the channels in time${found.length > 1 ? `; so do ${found.length - 1} more` : ""}`,
      hint: "write the file with: conda env export --no-builds, or --from-history",
    },
  ];
}

const foreign =
  /^(?:vc|vc14_runtime|vs2015_runtime|vs\d+_win-64|ucrt|wincertstore|win_inet_pton|pywin32|pywinpty|winpty|m2w64-.*|msys2-.*|appnope|libcxx|python\.app|__win|__osx)$/;

/** What of the list is only for Windows or macOS. */
export function foreignCondaPackages(input: LintInput): RuleFinding[] {
  const file = environmentFile(input);
  if (file === undefined) return [];
  return entries(file).flatMap(({ line, spec }) => {
    const name = /^(?:\S+::)?(?<name>[A-Za-z0-9_.-]+)/.exec(spec)?.groups?.["name"] ?? "";
    if (!foreign.test(name)) return [];
    const message = `${name} is for Windows or macOS, and images are Linux`;
    return [{ path: file.path, line, message, hint: "take it out, or export with: conda env export --from-history" }];
  });
}

/** Entries without a version, as one finding. */
export function unpinnedCondaPackages(input: LintInput): RuleFinding[] {
  const file = environmentFile(input);
  if (file === undefined || input.isDated) return [];
  const loose = entries(file).filter(({ spec }) => /^(?:\S+::)?[A-Za-z0-9_.-]+$/.test(spec) && spec !== "pip");
  const [first] = loose;
  if (first === undefined) return [];
  const names = loose.map(({ spec }) => spec);
  return [
    {
      path: file.path,
      line: first.line,
      message: `packages without a version: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`,
      hint: "write name=version, lock them (conda-lock.yml, pixi.lock), or pin the day: date in repo2singularity.yaml",
    },
  ];
}

/** A prefix of the machine on which the file was exported. */
export function condaPrefix(input: LintInput): RuleFinding[] {
  const file = environmentFile(input);
  const line = file === undefined ? undefined : lineOf(file.text, /^prefix\s*:/);
  if (file === undefined || line === undefined) return [];
  const message = "prefix names a folder of the machine that exported the file, and counts for nothing";
  return [{ path: file.path, line, message, hint: "take the line out" }];
}
