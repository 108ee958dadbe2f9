import { AppError } from "@repo2singularity/base";
import type { BaseFacts } from "@repo2singularity/contracts";
import { knownBaseFacts } from "@repo2singularity/recipe";
import { defaultOciBase } from "./default-base.ts";

/**
 * What is known of a base by its name, for plans that must not fetch anything.
 * @param reference as `--base` takes it
 * @throws E_BASE_UNAVAILABLE for a base that must be opened to know what is in it
 */
export function planBaseFacts(reference: string): BaseFacts {
  const facts = knownBaseFacts(reference === "auto" ? defaultOciBase : reference);
  if (facts !== undefined) return facts;
  throw new AppError("E_BASE_UNAVAILABLE", `nothing is known of the base ${reference} without opening it`, {
    hint: "plan with the distribution it is made of, such as --base debootstrap:bookworm, or build",
  });
}
