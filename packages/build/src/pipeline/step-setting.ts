import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { sha256Hex } from "@repo2singularity/base";
import type { CacheName, StepGroupName } from "@repo2singularity/contracts";
import type { Store } from "@repo2singularity/store";
import { type HostMount, mountsFolder } from "../executor/port.ts";
import type { StepSurroundings } from "../host/step-surroundings.ts";
import type { NetworkPolicy } from "../network/find-way.ts";
import { openStepProxy, type StepProxy } from "../network/step-proxy.ts";
import type { EnsuredTool } from "../tool/ensure-tool.ts";

/** What the steps of one build find around them, besides the tree they change. */
export interface StepSetting {
  /** Settings of the host's own clients, certificates and tools. */
  readonly mounts: readonly HostMount[];
  /**
   * A tree that lies right below what steps change: files of the base as this build must see them, such as apt sources
   * with the host's mirror. What lies in a lower tree never comes into a layer.
   */
  readonly settingsTree: string;
  /** Variables for steps that use the network. */
  readonly networkEnv: Readonly<Record<string, string>>;
  /** Variables for the steps of one group, over all others; none when left out. */
  readonly groupEnv?: (group: StepGroupName) => Readonly<Record<string, string>>;
  /** Milliseconds that one step may take. */
  readonly stepTimeoutMs: number;
  /**
   * Opens what steps with network reach the outside through; they use the host's network when left out.
   * @param folder where it has its socket; made
   */
  readonly openWayOut?: (folder: string) => Promise<StepProxy>;
  /** The host folder of a download cache, made when it is not there. */
  cacheFolder(name: CacheName): Promise<string>;
  /** The host folder of a cache mount of a container file. @param id any text */
  mountFolder(id: string): Promise<string>;
}

/** PATH of a base that sets none. */
export const defaultBasePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where a download cache is mounted in a step. */
export function cacheMount(name: CacheName): string {
  return `${mountsFolder}/cache/${name}`;
}

/** Puts together what steps find around them. */
export async function createStepSetting(options: {
  readonly store: Store;
  readonly surroundings: StepSurroundings;
  readonly tools: readonly EnsuredTool[];
  readonly stepTimeoutMs: number;
  /** Name of the set of download caches; the one that all builds share when left out. */
  readonly cacheDomain?: string | undefined;
  /** What steps may reach; all that this machine reaches when left out. */
  readonly networkPolicy?: NetworkPolicy | undefined;
}): Promise<StepSetting> {
  const { store, surroundings, tools, networkPolicy } = options;
  const isMount = (mount: HostMount): boolean => mount.target.startsWith(`${mountsFolder}/`);
  const downloads = path.join(
    store.directory,
    "downloads",
    ...(options.cacheDomain === undefined ? [] : ["domains", options.cacheDomain]),
  );
  const settingsTree = await store.makeScratchFolder();
  for (const { source, target } of surroundings.mounts.filter((mount) => !isMount(mount))) {
    await mkdir(path.join(settingsTree, path.dirname(target)), { recursive: true, mode: 0o755 });
    await copyFile(source, path.join(settingsTree, target));
  }
  return {
    mounts: [
      ...surroundings.mounts.filter(isMount),
      ...tools.map((tool) => ({ source: tool.path, target: `${mountsFolder}/bin/${tool.name}`, readOnly: true })),
    ],
    settingsTree,
    networkEnv: surroundings.env,
    stepTimeoutMs: options.stepTimeoutMs,
    ...(networkPolicy && { openWayOut: (folder) => openStepProxy(folder, networkPolicy) }),
    cacheFolder: async (name) => {
      const folder = path.join(downloads, name);
      await mkdir(folder, { recursive: true });
      return folder;
    },
    mountFolder: async (id) => {
      const folder = path.join(downloads, "mounts", sha256Hex(id).slice(0, 32));
      await mkdir(folder, { recursive: true });
      return folder;
    },
  };
}
