import { planBaseFacts, planCheckout } from "@repo2singularity/build/plan";
import type { Recipe } from "@repo2singularity/contracts";
import { renderDefinition, renderDockerfile, renderJson, renderText } from "@repo2singularity/recipe";
import type { HostIo } from "../host-io.ts";
import type { PlanFlags } from "../options.ts";
import { hostPlatform, openCheckout, openWorkbench } from "../workbench.ts";

const renderers = {
  text: renderText,
  json: renderJson,
  dockerfile: renderDockerfile,
  def: renderDefinition,
} as const satisfies Record<string, (recipe: Recipe) => string>;

/** `plan`: the recipe of a repository in one of its forms; nothing is built. */
export async function plan(
  repo: string,
  flags: PlanFlags & { readonly format: keyof typeof renderers },
  io: HostIo,
): Promise<void> {
  await using bench = await openWorkbench(flags, io);
  const checkout = await openCheckout(repo, flags, bench, io);
  const recipe = await planCheckout(checkout, {
    base: planBaseFacts(flags.base ?? bench.config.base ?? "auto"),
    platform: hostPlatform(),
    python: flags.python,
    compat: flags.compat,
  });
  io.stdout.write(renderers[flags.format](recipe));
}
