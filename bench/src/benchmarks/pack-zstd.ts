import { lessIsBetter, type Benchmark, type BenchRow } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { knownPrograms } from "../machine/debian-packages.ts";
import { measurePacking } from "../measure/pack-sides.ts";

const mebibyte = 2 ** 20;

/** A root tree from a tar to squashfs with zstd level 3, against the faster of the C programs. */
export const packZstd: Benchmark = {
  name: "pack-zstd",
  title: "a root tree from a tar to squashfs, zstd level 3, blocks of 128 KiB and 1 MiB",
  async run(context) {
    await context.ensurePrograms([knownPrograms.tar2sqfs, knownPrograms.mksquashfs]);
    return [...(await rowsFor(context, 131_072, "128K")), ...(await rowsFor(context, mebibyte, "1M"))];
  },
};

async function rowsFor(context: BenchContext, blockSizeBytes: number, shown: string): Promise<BenchRow[]> {
  const sides = await measurePacking(context, { compression: "zstd", level: 3, blockSizeBytes });
  const { fasterPeer } = sides;
  const row = { peer: `${fasterPeer} zstd 3, 2 threads` };
  return [
    lessIsBetter({
      ...row,
      name: `pack-zstd ${shown} time`,
      ours: sides.seconds.ours.median,
      theirs: sides.seconds[fasterPeer].median,
      unit: "s",
      goalRatio: 1.3,
    }),
    lessIsBetter({
      ...row,
      name: `pack-zstd ${shown} size`,
      ours: sides.sizeBytes.ours / mebibyte,
      theirs: sides.sizeBytes[fasterPeer] / mebibyte,
      unit: "MiB",
      goalRatio: 1 / 1.02,
      goal: "≤ 1.02× the size",
    }),
    lessIsBetter({
      name: `pack-zstd ${shown} memory`,
      peer: "limit",
      ours: sides.ourPeakRssBytes / mebibyte,
      theirs: 300,
      unit: "MiB",
      goalRatio: 1,
      goal: "≤ 300 MiB",
    }),
  ];
}
