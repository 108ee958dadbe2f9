import { isLocalReference } from "./local-reference.ts";
import { parseRequirement, type Requirement } from "./requirement.ts";

/** What one logical line of a requirements file says. */
export type RequirementLine =
  | {
      readonly kind: "requirement";
      readonly requirement: Requirement;
      readonly hashes: readonly string[];
      readonly settings: readonly string[];
    }
  /** An address or path without a name, or anything editable. */
  | {
      readonly kind: "target";
      readonly target: string;
      readonly marker?: string;
      readonly isEditable: boolean;
      readonly hashes: readonly string[];
    }
  | { readonly kind: "include"; readonly as: "requirements" | "constraints"; readonly path: string }
  | { readonly kind: "option"; readonly name: string; readonly value?: string };

/** Options that stand on a line of their own: every spelling, the canonical one, and whether a value follows. */
const lineOptions: Readonly<Record<string, { readonly name: string; readonly hasValue: boolean }>> = {
  "-i": { name: "--index-url", hasValue: true },
  "--index-url": { name: "--index-url", hasValue: true },
  "--pypi-url": { name: "--index-url", hasValue: true },
  "--extra-index-url": { name: "--extra-index-url", hasValue: true },
  "--no-index": { name: "--no-index", hasValue: false },
  "-f": { name: "--find-links", hasValue: true },
  "--find-links": { name: "--find-links", hasValue: true },
  "-r": { name: "--requirement", hasValue: true },
  "--requirement": { name: "--requirement", hasValue: true },
  "-c": { name: "--constraint", hasValue: true },
  "--constraint": { name: "--constraint", hasValue: true },
  "-e": { name: "--editable", hasValue: true },
  "--editable": { name: "--editable", hasValue: true },
  "--no-binary": { name: "--no-binary", hasValue: true },
  "--only-binary": { name: "--only-binary", hasValue: true },
  "--prefer-binary": { name: "--prefer-binary", hasValue: false },
  "--require-hashes": { name: "--require-hashes", hasValue: false },
  "--pre": { name: "--pre", hasValue: false },
  "--trusted-host": { name: "--trusted-host", hasValue: true },
  "--use-feature": { name: "--use-feature", hasValue: true },
};

/**
 * Reads one logical line.
 * @returns what it says, or the sentence that says what is wrong with it
 * Source: pip's "Requirements File Format"
 */
export function parseRequirementLine(text: string): readonly RequirementLine[] | string {
  return text.startsWith("-") ? parseOptions(text) : parseRequirementWithOptions(text);
}

/** A line may hold several options, such as `--no-index --find-links wheels`. */
function parseOptions(text: string): readonly RequirementLine[] | string {
  const result: RequirementLine[] = [];
  let rest = text;
  while (rest !== "") {
    const match = /^(?<flag>--[a-z-]+|-[a-z])(?<attached>=|\s+|$)?(?<after>.*)$/s.exec(rest)?.groups;
    const option = lineOptions[match?.["flag"] ?? ""];
    if (match === undefined || option === undefined) return `"${rest}" is not an option of requirements files`;
    const after = match["after"] ?? "";
    if (!option.hasValue) {
      result.push({ kind: "option", name: option.name });
      rest = after.trim();
      continue;
    }
    const { value, remaining } = takeValue(option.name, after);
    if (value === "") return `the option ${option.name} has no value`;
    const line = optionLine(option.name, value);
    if (typeof line === "string") return line;
    result.push(line);
    rest = remaining;
  }
  return result;
}

/** Editable targets keep their marker; of every other option the value is one word, or one in quotes. */
function takeValue(name: string, text: string): { readonly value: string; readonly remaining: string } {
  const isWhole = name === "--editable";
  const groups = (
    isWhole ? /^(?<bare>.*)$/s : /^(?:"(?<quoted>[^"]*)"|'(?<single>[^']*)'|(?<bare>\S*))\s*(?<rest>.*)$/s
  ).exec(text)?.groups;
  return {
    value: (groups?.["quoted"] ?? groups?.["single"] ?? groups?.["bare"] ?? "").trim(),
    remaining: groups?.["rest"] ?? "",
  };
}

function optionLine(name: string, value: string): RequirementLine | string {
  switch (name) {
    case "--requirement":
      return { kind: "include", as: "requirements", path: value };
    case "--constraint":
      return { kind: "include", as: "constraints", path: value };
    case "--editable":
      return parseTarget(value, true, []);
    default:
      return { kind: "option", name, value };
  }
}

function parseRequirementWithOptions(text: string): readonly RequirementLine[] | string {
  const start = text.search(/\s--?[A-Za-z]/);
  const subject = (start < 0 ? text : text.slice(0, start)).trim();
  const options = parsePackageOptions(start < 0 ? "" : text.slice(start).trim());
  if (typeof options === "string") return options;
  if (isTarget(subject)) return [parseTarget(subject, false, options.hashes)];
  const requirement = parseRequirement(subject);
  return typeof requirement === "string" ? requirement : [{ kind: "requirement", requirement, ...options }];
}

/** `--hash=sha256:…` and `--config-settings="KEY=VALUE"` behind a requirement. */
function parsePackageOptions(
  text: string,
): { readonly hashes: readonly string[]; readonly settings: readonly string[] } | string {
  const hashes: string[] = [];
  const settings: string[] = [];
  let rest = text;
  while (rest !== "") {
    const groups =
      /^(?<flag>--?[A-Za-z-]+)(?:=|\s+)(?:"(?<quoted>[^"]*)"|'(?<single>[^']*)'|(?<bare>\S+))\s*(?<rest>.*)$/s.exec(
        rest,
      )?.groups;
    const value = groups?.["quoted"] ?? groups?.["single"] ?? groups?.["bare"] ?? "";
    if (groups?.["flag"] === "--hash" && /^[a-z0-9]+:[0-9a-f]+$/.test(value)) hashes.push(value);
    else if ((groups?.["flag"] === "--config-settings" || groups?.["flag"] === "-C") && value.includes("="))
      settings.push(value);
    else
      return `"${rest}" is not an option of a requirement; --hash=ALGORITHM:DIGEST and --config-settings="KEY=VALUE" are`;
    rest = groups["rest"] ?? "";
  }
  return { hashes, settings };
}

/** Whether a line without a name is meant: a URL, a VCS URL, an archive or a path. */
function isTarget(text: string): boolean {
  const word = text.split(/\s/)[0] ?? "";
  if (/^[A-Za-z0-9._-]+\s*(\[[^\]]*\])?\s*@/.test(text)) return false;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(word) || isLocalReference(word);
}

function parseTarget(text: string, isEditable: boolean, hashes: readonly string[]): RequirementLine {
  const separator = text.search(/\s;/);
  const target = (separator < 0 ? text : text.slice(0, separator)).trim();
  const marker = separator < 0 ? {} : { marker: text.slice(separator).replace(/^\s*;/, "").trim() };
  return { kind: "target", target, isEditable, hashes, ...marker };
}
