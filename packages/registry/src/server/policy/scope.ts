import { AppError } from "@repo2singularity/base";

/** What somebody wants to do; each includes nothing of the others. */
export type Action = "pull" | "push" | "delete" | "administer";

/** All of them, in the order in which they are shown. */
export const actions: readonly Action[] = ["pull", "push", "delete", "administer"];

/**
 * What a token may do at most, whatever its account may do.
 * Text form: `PATTERN:ACTION[,ACTION…]`; a pattern is a repository, `COLLECTION/**` or `**`; `*` stands for all actions.
 */
export interface Scope {
  readonly pattern: string;
  readonly actions: readonly Action[];
}

/** No limit beyond that of the account. */
export const everything: Scope = { pattern: "**", actions };

const patternForm = /^(?:\*\*|[a-z0-9][a-z0-9._/-]*?(?:\/\*\*)?)$/;

/** @throws E_USAGE when the text is no scope */
export function parseScope(text: string): Scope {
  const colon = text.lastIndexOf(":");
  const pattern = text.slice(0, Math.max(colon, 0));
  const names = text.slice(colon + 1).split(",");
  const found = names.includes("*") ? actions : actions.filter((action) => names.includes(action));
  const isKnown = names.every((name) => name === "*" || found.some((action) => action === name));
  if (colon < 0 || !patternForm.test(pattern) || !isKnown) {
    throw new AppError("E_USAGE", `"${text}" is no scope`, {
      hint: "write REPOSITORY:ACTIONS, such as lab/tools/**:pull,push; actions are pull, push, delete, administer and *",
    });
  }
  return { pattern, actions: found };
}

/** The text that {@link parseScope} reads. */
export function formatScope(scope: Scope): string {
  return `${scope.pattern}:${scope.actions.length === actions.length ? "*" : scope.actions.join(",")}`;
}

/**
 * Whether a scope allows an action on a path.
 * @param path of a repository or collection; `""` for the registry itself
 */
export function isWithin(scope: Scope, action: Action, path: string): boolean {
  if (!scope.actions.includes(action)) return false;
  if (scope.pattern === "**") return true;
  if (!scope.pattern.endsWith("/**")) return path === scope.pattern;
  const collection = scope.pattern.slice(0, -"/**".length);
  return path === collection || path.startsWith(`${collection}/`);
}
