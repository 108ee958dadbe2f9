import type { Identity, Role } from "./identity.ts";
import { type Action, isWithin } from "./scope.ts";

/** What is asked for, with all that matters of it. */
export interface Target {
  /** Of a repository or collection; `""` is the registry itself. */
  readonly path: string;
  /** Whether it, or a collection that it lies in, is private. */
  readonly isPrivate: boolean;
  /** The highest role that the asking account has in a collection on the way to it. */
  readonly role: Role | undefined;
}

/** `unauthenticated`: nobody knows who asks; `forbidden`: known, but not allowed. */
export type Decision = "allowed" | "unauthenticated" | "forbidden";

const roleActions: Readonly<Record<Role, readonly Action[]>> = {
  reader: ["pull"],
  writer: ["pull", "push"],
  owner: ["pull", "push", "delete", "administer"],
};

/**
 * The one place that says who may do what. Pure: what it needs to know is in its arguments.
 *
 * Everybody may pull what is not private, whatever token they show. An account owns the collection of its own name and
 * has its roles in others, an admin owns everything; a token never allows more than its scopes. A short-lived token
 * that was not asked for this is as good as none, so that the client asks for another.
 */
export function decide(identity: Identity, action: Action, target: Target): Decision {
  if (action === "pull" && !target.isPrivate) return "allowed";
  if (identity.kind === "anonymous") return "unauthenticated";
  const role = roleIn(identity, target);
  const isGranted = role !== undefined && roleActions[role].includes(action);
  if (!isGranted || !identity.scopes.some((scope) => isWithin(scope, action, target.path))) return "forbidden";
  const isAskedFor = identity.limits?.some((scope) => isWithin(scope, action, target.path)) ?? true;
  return isAskedFor ? "allowed" : "unauthenticated";
}

function roleIn(identity: Identity & { kind: "account" }, target: Target): Role | undefined {
  if (identity.isAdmin) return "owner";
  if (target.path === identity.name || target.path.startsWith(`${identity.name}/`)) return "owner";
  return target.role;
}
