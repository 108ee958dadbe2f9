import { mkdir } from "node:fs/promises";
import path from "node:path";
import { extractTree, singularityTree, type SingularityTreeOptions } from "@repo2singularity/image";
import type { ResolvedBase } from "../base/resolved-base.ts";
import type { Phase } from "../pipeline/phase.ts";
import { runProgram } from "../pipeline/run-program.ts";
import { defaultBasePath } from "../pipeline/step-setting.ts";
import type { StoredLayer } from "../pipeline/find-layer.ts";
import type { ContainerContext } from "./container-context.ts";
import { unpacked } from "./origin-tree.ts";

const testKind = "container-test";

/**
 * Runs the test of a definition file in its finished image, once for every image; what it changes is lost.
 * @param key of the image
 * @throws E_STEP_FAILED with the last lines of the test
 */
export async function runImageTest(
  texts: SingularityTreeOptions,
  image: {
    readonly key: string;
    readonly layers: readonly Pick<StoredLayer, "digest" | "path">[];
    readonly base: ResolvedBase;
  },
  context: Omit<ContainerContext, "stageLayers">,
  phase: Phase,
): Promise<void> {
  const { store, signal } = context;
  if ((await store.readRecord(testKind, image.key)) !== undefined) {
    phase.cached();
    return;
  }
  const folder = await store.makeScratchFolder();
  const own = path.join(folder, "texts");
  await mkdir(own);
  await extractTree(inTurn(singularityTree(texts)), own, { ownership: "mine", signal });
  const setting = await context.setting(image.base);
  await using wayOut = await setting.openWayOut?.(path.join(folder, "network"));
  await using tree = await (
    await context.executor()
  ).openTree({
    lowerTrees: [...(await unpacked(image.layers, context)), own, setting.settingsTree],
    upperDir: path.join(folder, "upper"),
    scratchDir: path.join(folder, "work"),
    mounts: setting.mounts,
    keepsTemporary: true,
    ...(wayOut && { wayOut: wayOut.folder }),
    signal,
  });
  await runProgram(tree, {
    title: "%test",
    argv: ["/bin/sh", "-c", testScript],
    env: { ...setting.networkEnv, PATH: defaultBasePath, HOME: "/root" },
    cwd: "/",
    network: true,
    timeoutMs: setting.stepTimeoutMs,
    signal,
    onLine: (line) => phase.log(line),
    wayOut,
  });
  await store.writeRecord(testKind, image.key, {});
}

/** The environment scripts in the order of their names, then the test, as runtimes do it. */
const testScript = `for file in /.singularity.d/env/*.sh; do [ ! -f "$file" ] || . "$file"; done
exec /.singularity.d/test`;

async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
