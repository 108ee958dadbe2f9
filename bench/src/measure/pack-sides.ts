import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { BenchContext } from "../context.ts";
import { interleave, type Series } from "./interleaved.ts";
import { nodeFlags } from "./node-flags.ts";
import { runTimed } from "./timed-process.ts";

/** What is packed, and how. */
export interface PackSettings {
  readonly compression: "zstd" | "gzip";
  readonly level: number;
  readonly blockSizeBytes: number;
}

/** What the packers needed for the same tree. */
export interface PackSides {
  readonly seconds: Readonly<Record<"ours" | "tar2sqfs" | "mksquashfs", Series>>;
  readonly sizeBytes: Readonly<Record<"ours" | "tar2sqfs" | "mksquashfs", number>>;
  /** Largest high-water mark of our process over all rounds. */
  readonly ourPeakRssBytes: number;
  /** The faster of the peers by its median. */
  readonly fasterPeer: "tar2sqfs" | "mksquashfs";
}

/** Packs the root tree with our writer, tar2sqfs and mksquashfs in turn, two threads each. */
export async function measurePacking(context: BenchContext, settings: PackSettings): Promise<PackSides> {
  const { tarPath } = await context.rootTree();
  const { compression, level, blockSizeBytes } = settings;
  const image = (name: string): string => join(context.scratchDir, `${name}.sqfs`);
  const program = join(context.repositoryRoot, "bench/src/programs/pack.ts");
  const commands = {
    ours: [
      process.execPath,
      ...nodeFlags,
      program,
      tarPath,
      image("ours"),
      compression,
      `${level}`,
      `${blockSizeBytes}`,
    ],
    tar2sqfs: shell(
      `tar2sqfs -f -q -j 2 -c ${compression} -X level=${level} -b ${blockSizeBytes} "$2" < "$1"`,
      tarPath,
      image("tar2sqfs"),
    ),
    mksquashfs: shell(
      `mksquashfs - "$2" -tar -noappend -quiet -no-progress -processors 2 -comp ${compression} -Xcompression-level ${level} -b ${blockSizeBytes} < "$1"`,
      tarPath,
      image("mksquashfs"),
    ),
  };
  let ourPeakRssBytes = 0;
  const run = async (name: keyof typeof commands): Promise<number> => {
    const [command = "", ...args] = commands[name];
    const { wallSeconds, peakRssBytes } = await runTimed(command, args);
    if (name === "ours") ourPeakRssBytes = Math.max(ourPeakRssBytes, peakRssBytes);
    return wallSeconds;
  };
  const sides = { ours: () => run("ours"), tar2sqfs: () => run("tar2sqfs"), mksquashfs: () => run("mksquashfs") };
  const seconds = await interleave(sides, { rounds: context.rounds, warmups: 1 });
  const sizeOf = async (name: string): Promise<number> => (await stat(image(name))).size;
  const sizeBytes = {
    ours: await sizeOf("ours"),
    tar2sqfs: await sizeOf("tar2sqfs"),
    mksquashfs: await sizeOf("mksquashfs"),
  };
  const fasterPeer = seconds.tar2sqfs.median <= seconds.mksquashfs.median ? "tar2sqfs" : "mksquashfs";
  return { seconds, sizeBytes, ourPeakRssBytes, fasterPeer };
}

/** A command line with a redirection; the paths are its parameters 1 and 2. */
function shell(script: string, tarPath: string, imagePath: string): readonly string[] {
  return ["sh", "-c", script, "pack", tarPath, imagePath];
}
