import { formatSize, parseSize } from "@repo2singularity/base";
import type { HostIo } from "../host-io.ts";
import { openWorkbench } from "../workbench.ts";

/** `cache list`: files and trees, last used first. */
export async function listCache(flags: { readonly json?: boolean }, io: HostIo): Promise<void> {
  await using bench = await openWorkbench({}, io);
  const items = (await bench.store.list()).toSorted((a, b) => b.lastUsedMs - a.lastUsedMs);
  if (flags.json === true) {
    io.stdout.write(`${JSON.stringify(items)}\n`);
    return;
  }
  for (const item of items) {
    const time = new Date(item.lastUsedMs).toISOString().slice(0, 16);
    io.stdout.write(`${item.kind}  ${formatSize(item.sizeBytes).padStart(10)}  ${time}  ${item.name}\n`);
  }
  const total = items.reduce((sum, item) => sum + item.sizeBytes, 0);
  io.stdout.write(`${items.length} items, ${formatSize(total)} in ${bench.store.directory}\n`);
}

/** `cache prune`: removes what was not used for longest. */
export async function pruneCache(flags: { readonly maxSize: string }, io: HostIo): Promise<void> {
  const maxBytes = parseSize(flags.maxSize);
  await using bench = await openWorkbench({}, io);
  const report = await bench.store.collect({ maxBytes });
  io.stdout.write(
    `removed ${report.removed.length} items, ${formatSize(report.removedBytes)}; ${formatSize(report.remainingBytes)} stay\n`,
  );
}

/** `cache verify`: answers 1 when something is damaged. */
export async function verifyCache(flags: { readonly remove?: boolean }, io: HostIo): Promise<number> {
  await using bench = await openWorkbench({}, io);
  const report = await bench.store.verify({ drop: flags.remove === true, signal: io.signal });
  for (const file of report.corrupt) io.stdout.write(`damaged: ${file.path}\n`);
  for (const record of report.damagedRecordPaths) io.stdout.write(`damaged: ${record}\n`);
  const damagedCount = report.corrupt.length + report.damagedRecordPaths.length;
  const removed = report.isDropped && damagedCount > 0 ? ", removed" : "";
  io.stdout.write(`${report.fileCount} files, ${formatSize(report.sizeBytes)}, ${damagedCount} damaged${removed}\n`);
  return damagedCount === 0 || report.isDropped ? 0 : 1;
}
