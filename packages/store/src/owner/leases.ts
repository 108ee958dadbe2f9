import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { guarded, orAbsent } from "../failure.ts";
import type { Layout } from "../layout.ts";
import { removeTree } from "../trees/remove-tree.ts";
import { isLeftBehind } from "./leftovers.ts";
import { freshName, ownMark } from "./process-mark.ts";

/** What one open store handle has given out and nobody may remove: a folder with an empty file for each thing. */
export interface Lease extends AsyncDisposable {
  /** Adds a thing, by the name {@link leaseName} gives; returns once it can be seen by a collector. */
  add(name: string): Promise<void>;
}

/** Refreshed this often, so that other hosts can tell a living lease from one left behind (a day). */
const heartbeatMs = 10 * 60 * 1000;

/** The name of a thing in a lease. */
export function leaseName(kind: "file" | "tree", name: string): string {
  return `${kind}-${name.replace(/^sha256:/, "")}`;
}

/** A lease with nothing in it; its folder is made when the first thing is added. */
export function createLease(layout: Layout, clock: () => number): Lease {
  const folder = join(layout.leases, freshName(ownMark()));
  const held = new Set<string>();
  let heartbeat: NodeJS.Timeout | undefined;
  const touch = (): void => {
    const now = new Date(clock());
    utimes(folder, now, now).catch(() => {}); // the next beat tries again; a day of failures is needed to matter
  };
  return {
    add: async (name) => {
      if (held.has(name)) return;
      await guarded(folder, async () => {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, name), "");
      });
      held.add(name);
      heartbeat ??= setInterval(touch, heartbeatMs).unref();
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat);
      await removeTree(folder);
    },
  };
}

/** The names of everything that living handles of any process hold. */
export async function leasedNames(layout: Layout, nowMs: number): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const owner of await readdir(layout.leases)) {
    const folder = join(layout.leases, owner);
    if (await isLeftBehind(folder, owner, nowMs)) continue;
    for (const name of (await orAbsent(readdir(folder))) ?? []) names.add(name);
  }
  return names;
}
