import { AppError } from "@repo2singularity/base";
import type { FileOrigin } from "@repo2singularity/contracts";
import { ensureLayerTree } from "../pipeline/group-layer.ts";
import type { ContainerContext } from "./container-context.ts";
import { layersTree, type SourceTree } from "./source-tree.ts";

/** The image of a reference that the recipe names. @throws E_INTERNAL when it was not resolved before */
export function baseOf(
  reference: string,
  { bases }: Pick<ContainerContext, "bases">,
): NonNullable<ReturnType<typeof bases.get>> {
  const base = bases.get(reference);
  if (base === undefined) throw new AppError("E_INTERNAL", `the image ${reference} was not resolved`);
  return base;
}

/** The tree that a step takes files from, its layers unpacked. */
export async function originTree(origin: FileOrigin, context: ContainerContext): Promise<SourceTree> {
  if (origin.kind === "context") return context.repository;
  if (origin.kind === "stage") return layersTree(await unpacked(await context.stageLayers(origin.name), context));
  const { digest, layerPath } = baseOf(origin.reference, context);
  return layersTree(await unpacked([{ digest, path: layerPath }], context));
}

/** The unpacked folders of layers, made when the cache does not have them. */
export async function unpacked(
  layers: Awaited<ReturnType<ContainerContext["stageLayers"]>>,
  context: Pick<ContainerContext, "store" | "host" | "signal">,
): Promise<string[]> {
  const trees: string[] = [];
  for (const layer of layers) trees.push(await ensureLayerTree(layer, context));
  return trees;
}
