import { lessIsBetter, type Benchmark } from "../benchmark.ts";
import { knownPrograms } from "../machine/debian-packages.ts";
import { measurePacking } from "../measure/pack-sides.ts";

/** A root tree from a tar to squashfs with gzip level 6, against the faster of the C programs. */
export const packGzip: Benchmark = {
  name: "pack-gzip",
  title: "a root tree from a tar to squashfs, gzip level 6, blocks of 128 KiB",
  async run(context) {
    await context.ensurePrograms([knownPrograms.tar2sqfs, knownPrograms.mksquashfs]);
    const sides = await measurePacking(context, { compression: "gzip", level: 6, blockSizeBytes: 131_072 });
    const { fasterPeer } = sides;
    return [
      lessIsBetter({
        name: "pack-gzip 128K time",
        peer: `${fasterPeer} gzip 6, 2 threads`,
        ours: sides.seconds.ours.median,
        theirs: sides.seconds[fasterPeer].median,
        unit: "s",
        goalRatio: 2,
      }),
    ];
  },
};
