import {
  applyContainerWishes,
  findContainerFile,
  type FoundContainerFile,
  planBaseFacts,
  planCheckout,
  planContainerCheckout,
  readWishes,
  repoTree,
} from "@repo2singularity/build/plan";
import type { Recipe } from "@repo2singularity/contracts";
import { renderDefinition, renderDockerfile, renderJson, renderText, type RepoTree } from "@repo2singularity/recipe";
import { askedWishes } from "../build-choices.ts";
import { parseBuildArgs, splitRepositoryFile } from "../container-flags.ts";
import type { HostIo } from "../host-io.ts";
import type { PlanFlags } from "../options.ts";
import { hostPlatform, openCheckout, openWorkbench } from "../workbench.ts";

const renderers = {
  text: renderText,
  json: renderJson,
  dockerfile: renderDockerfile,
  def: renderDefinition,
} as const satisfies Record<string, (recipe: Recipe) => string>;

type Format = keyof typeof renderers;

/** `plan`: the recipe of a repository in one of its forms; nothing is built. */
export async function plan(repo: string, given: PlanFlags & { readonly format: Format }, io: HostIo): Promise<void> {
  const named = await splitRepositoryFile(repo, given, io);
  const { flags } = named;
  await using bench = await openWorkbench(flags, io);
  const checkout = await openCheckout(named.repo, flags, bench, io);
  const tree = await repoTree(checkout);
  const found = findContainerFile(checkout.directory, tree, flags.definition);
  if (found !== undefined) {
    io.stdout.write(await planContainer(found, tree, flags, io));
    return;
  }
  const wishes = await readWishes(tree, askedWishes(bench, flags), { checkout, nowMs: Date.now() });
  const recipe = planCheckout(tree, {
    base: planBaseFacts(wishes.base),
    wishes,
    platform: hostPlatform(),
    python: flags.python,
    compat: flags.compat,
  });
  io.stdout.write(renderers[flags.format](recipe));
}

/** Bases are not fetched for a plan: it says where it goes by an image that says nothing of itself. */
async function planContainer(
  found: FoundContainerFile,
  tree: RepoTree,
  flags: PlanFlags & { readonly format: Format },
  io: HostIo,
): Promise<string> {
  const render = await import("@repo2singularity/recipe/container");
  const options = {
    tree,
    platform: hostPlatform(),
    target: flags.target,
    buildArgs: parseBuildArgs(flags.buildArg, io.env),
  };
  const planned = await planContainerCheckout(found, options, () => Promise.resolve(undefined));
  const { recipe } = await applyContainerWishes(planned, tree, flags);
  switch (flags.format) {
    case "text":
      return render.renderContainerText(recipe);
    case "json":
      return renderJson(recipe);
    case "dockerfile":
      return render.renderContainerDockerfile(recipe);
    case "def":
      return render.renderContainerDefinition(recipe);
  }
}
