import {
  canChain,
  type HostSettings,
  limitedSettings,
  networkPolicy,
  type NetworkPolicy,
  type StepExecutor,
} from "@repo2singularity/build";
import type { BuildFlags } from "./options.ts";
import type { Workbench } from "./workbench.ts";

/** What build steps get of the network. */
export interface StepNetwork {
  /** The machine's settings as steps have them. */
  readonly settings: HostSettings;
  /** What they may reach; all that this machine reaches when left out. */
  readonly policy?: NetworkPolicy;
}

const consequence = "build steps use this machine's network as it is, its own services among it";

/**
 * What a repository may have fetched by this machine, whatever its executors can.
 * @returns undefined when it may have all: with `--network host`, or behind a proxy that cannot be chained to
 */
export function repositoryPolicy(
  { config }: Pick<Workbench, "config">,
  flags: BuildFlags,
  settings: HostSettings,
): NetworkPolicy | undefined {
  const isFiltered = (flags.network ?? config.network ?? "filtered") === "filtered";
  if (!isFiltered || !canChain(settings.proxies)) return undefined;
  return networkPolicy(settings, [flags.base, config.base, ...flags.buildContext].flatMap(baseReference));
}

/**
 * What steps of an executor may reach; those of a docker daemon have its network.
 * @param onNotice told when steps were to be limited and cannot be
 */
export async function stepNetwork(
  { config }: Pick<Workbench, "config">,
  flags: BuildFlags,
  machine: {
    readonly settings: HostSettings;
    readonly policy: NetworkPolicy | undefined;
    readonly executor: () => Promise<StepExecutor>;
    readonly onNotice: (text: string) => void;
  },
): Promise<StepNetwork> {
  const { settings, policy } = machine;
  if (flags.builder !== undefined || (flags.network ?? config.network) === "host") return { settings };
  if (policy === undefined) {
    machine.onNotice(`the proxy of this machine does not speak HTTP: ${consequence}`);
    return { settings };
  }
  const executor = await machine.executor();
  if (await executor.canLimitNetwork()) return { settings: limitedSettings(settings, policy.named), policy };
  machine.onNotice(`executor ${executor.name} cannot give steps a network of their own here: ${consequence}`);
  return { settings };
}

/** `--build-context` has the reference behind the name that it stands in for. */
function baseReference(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [text.slice(text.indexOf("=") + 1).replace(/^docker-image:/, "docker:")];
}
