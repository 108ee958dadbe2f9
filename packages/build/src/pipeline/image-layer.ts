import path from "node:path";
import { singularityTree, type SingularityTreeOptions, type TreeEntry, writeSquashfs } from "@repo2singularity/image";
import type { Store } from "@repo2singularity/store";
import type { LayerFormat } from "./group-key.ts";
import type { StoredLayer } from "./find-layer.ts";

/** Makes the topmost layer, which holds `/.singularity.d`: environment, run and start scripts, labels, definition. */
export async function makeImageLayer(
  store: Store,
  options: { readonly texts: SingularityTreeOptions; readonly format: LayerFormat; readonly key: string },
): Promise<Omit<StoredLayer, "packages" | "notes">> {
  const { texts, format, key } = options;
  const folder = await store.makeScratchFolder();
  const file = path.join(folder, "image.sqfs");
  const written = { ...format, mtimeSeconds: texts.timestampSeconds };
  await writeSquashfs(inTurn(singularityTree(texts)), file, written);
  return { name: "image", key, ...(await store.putFile(file, { move: true })) };
}

async function* inTurn(entries: readonly TreeEntry[]): AsyncGenerator<TreeEntry> {
  yield* entries;
}
