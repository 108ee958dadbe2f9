import { readFile } from "node:fs/promises";
import type { ExecutorHost } from "./host.ts";
import { createNamespaceExecutor, isUnshareMissing } from "./namespace/namespace-executor.ts";
import type { TreeKind } from "./namespace/tree-kind.ts";
import type { StepExecutor } from "./port.ts";

/** Switches of the kernel and distributions that forbid user namespaces, with what allows them. */
const switches = [
  {
    path: "/proc/sys/kernel/unprivileged_userns_clone",
    forbids: "0",
    mend: "sysctl -w kernel.unprivileged_userns_clone=1",
  },
  { path: "/proc/sys/user/max_user_namespaces", forbids: "0", mend: "sysctl -w user.max_user_namespaces=15000" },
  {
    path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
    forbids: "1",
    mend: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
] as const;

/**
 * Steps in an unprivileged user namespace in which the user is the only user, uid 0. Needs no setuid
 * program, no subuid range and no daemon.
 * @param treeKind takes this kind of tree instead of the best one that works
 */
export function createUsernsExecutor(host: ExecutorHost, treeKind?: TreeKind): StepExecutor {
  return createNamespaceExecutor({
    name: "userns",
    owner: "user",
    host,
    ...(treeKind === undefined ? {} : { treeKind }),
    mend: mendUserNamespaces,
  });
}

async function mendUserNamespaces(reason: string): Promise<string> {
  if (isUnshareMissing(reason)) return "install util-linux";
  for (const { path, forbids, mend } of switches) {
    const value = await readFile(path, "utf8").catch(() => undefined);
    if (value?.trim() === forbids) return `as root: ${mend} (and a line in /etc/sysctl.d to keep it)`;
  }
  return "ask the administrator to allow unprivileged user namespaces, or build where apptainer is installed";
}
