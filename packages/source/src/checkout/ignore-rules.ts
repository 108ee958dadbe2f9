import { lstat, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { parentPath } from "@repo2singularity/image/tree";
import { ignorePatternExpression } from "./ignore-pattern.ts";

/** Which paths of a folder its ignore files leave out. */
export interface IgnoreRules {
  /**
   * Whether a path is left out.
   * @param path relative, without slash at either end
   */
  ignores(path: string): boolean;
  /** Whether a pattern with `!` may bring back something inside a folder that is left out. */
  readonly hasExceptions: boolean;
}

const ignoreFileNames = [".dockerignore", ".containerignore"];
const configFolders = [".binder", "binder"];

/**
 * Reads `.dockerignore` and `.containerignore`, both if both are there, from where the configuration of a repository
 * lies: `binder/` or `.binder/` when there is one, else the root. Patterns are relative to the root in any case.
 */
export async function readIgnoreRules(root: string): Promise<IgnoreRules> {
  const folder = await configFolder(root);
  const texts = await Promise.all(
    ignoreFileNames.map((name) => readFile(join(folder, name), "utf8").catch(() => "")), // absent, or a folder
  );
  return parseIgnoreRules(texts.join("\n"));
}

/**
 * Parses the text of a `.dockerignore`, by Docker's rules, which differ from git's:
 * every pattern is anchored at the root; the last pattern that matches a path or a folder above it decides, so that
 * `!` brings files of an ignored folder back; a slash at the end means nothing; names are case-sensitive.
 * Source: https://docs.docker.com/build/concepts/context/#dockerignore-files and moby/patternmatcher
 */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules = text
    .replace(/^\u{feff}/u, "")
    .split(/\r?\n/)
    .map(tryParseRule)
    .filter((rule) => rule !== undefined);
  return {
    hasExceptions: rules.some((rule) => rule.isException),
    ignores: (path) => {
      let isIgnored = false;
      for (const rule of rules) {
        if (rule.isException === isIgnored && rule.matches(path)) isIgnored = !rule.isException;
      }
      return isIgnored;
    },
  };
}

interface IgnoreRule {
  readonly isException: boolean;
  readonly matches: (path: string) => boolean;
}

function tryParseRule(line: string): IgnoreRule | undefined {
  if (line.startsWith("#")) return undefined;
  const trimmed = line.trim();
  const isException = trimmed.startsWith("!");
  const written = isException ? trimmed.slice(1).trim() : trimmed;
  if (written === "") return undefined;
  const pattern = posix.normalize(written).replace(/^\/+/, "").replace(/\/+$/, "");
  if (pattern === "" || pattern === "." || pattern.startsWith("..")) return undefined;
  return { isException, matches: matcherOf(pattern) };
}

/** Matches a path or a folder above it. */
function matcherOf(pattern: string): (path: string) => boolean {
  const expression = ignorePatternExpression(pattern);
  return (path) => {
    for (let part = path; part !== ""; part = parentPath(part)) if (expression.test(part)) return true;
    return false;
  };
}

async function configFolder(root: string): Promise<string> {
  for (const name of configFolders) {
    const stats = await lstat(join(root, name)).catch(() => undefined);
    if (stats?.isDirectory() === true) return join(root, name);
  }
  return root;
}
