import type { ExecutorHost } from "./host.ts";
import { createNamespaceExecutor, isUnshareMissing } from "./namespace/namespace-executor.ts";
import type { TreeKind } from "./namespace/tree-kind.ts";
import type { StepExecutor } from "./port.ts";

/**
 * Steps of the real root in private namespaces, with the capabilities of a container and the same filter as
 * in a user namespace, so that layers are the same. For machines of the builder's own.
 * @param treeKind takes this kind of tree instead of the best one that works
 */
export function createRootExecutor(host: ExecutorHost, treeKind?: TreeKind): StepExecutor {
  const executor = createNamespaceExecutor({
    name: "root",
    owner: "root",
    host,
    ...(treeKind === undefined ? {} : { treeKind }),
    mend: (reason) =>
      Promise.resolve(
        isUnshareMissing(reason)
          ? "install util-linux"
          : "this root may not make namespaces or mounts: start its container with the SYS_ADMIN capability",
      ),
  });
  if (host.uid === 0) return executor;
  return {
    ...executor,
    probe: () =>
      Promise.resolve({ usable: false, reason: `the user has uid ${host.uid}, not 0`, hint: "run the build as root" }),
  };
}
