import type { FileOrigin } from "@repo2singularity/contracts";
import type { Instruction } from "./parse-dockerfile.ts";
import { fileProblem } from "./file-problem.ts";
import { placeOf, type StageContext } from "./stage-state.ts";
import { findStage } from "./stages.ts";

/**
 * What `--from` names: a stage before this one by name or number, else an image.
 * @throws E_RECIPE_FILE_INVALID for a stage that comes later and for what is no image's name
 */
export function originOf(from: string, instruction: Instruction, context: StageContext): FileOrigin {
  const stage = findStage(context.written.stages, from);
  const place = placeOf(instruction, context);
  if (stage !== undefined && stage.number >= context.number) {
    throw fileProblem(place, `stage ${from} is not finished there: only stages above can be copied from`);
  }
  if (stage !== undefined) return { kind: "stage", name: stage.name };
  return { kind: "image", reference: imageReference(from, place) };
}

/**
 * The base reference of an image as Dockerfiles name it.
 * @throws E_RECIPE_FILE_INVALID for a text that cannot name an image
 */
export function imageReference(image: string, place: { readonly path: string; readonly line: number }): string {
  if (!/^[A-Za-z0-9[][\w.:/@[\]-]*$/.test(image))
    throw fileProblem(place, `${JSON.stringify(image)} is no image's name`);
  return `docker://${image}`;
}
