import { deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { streamOptions, type BlockCompression } from "./block-codec.ts";
import { BlockCompressor } from "./block-compressor.ts";
import { frameSizeBytes } from "./zstd-frame.ts";

const zstd: BlockCompression = { compression: "zstd", level: 3 };
const gzip: BlockCompression = { compression: "gzip", level: 6 };

/** Words of a small vocabulary in an order that a number decides: compresses to about a third. */
function textOf(sizeBytes: number, seed: number): Buffer {
  let state = seed;
  let text = "";
  while (text.length < sizeBytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += `${(state >>> 16).toString(36)} `;
  }
  return Buffer.from(text.slice(0, sizeBytes), "latin1");
}

async function compressAll(settings: BlockCompression, blocks: readonly Buffer[], maxBytes: number): Promise<Buffer[]> {
  const compressed: Buffer[] = [];
  let failure: Error | undefined;
  const compressor = new BlockCompressor(settings, maxBytes, (error) => (failure = error));
  for (const block of blocks) {
    await new Promise<void>((resolve) => {
      compressor.compress(block, (pieces, sizeBytes) => {
        compressed.push(Buffer.concat(pieces, sizeBytes));
        resolve();
      });
    });
  }
  compressor.close();
  expect(failure).toBeUndefined();
  return compressed;
}

describe("BlockCompressor", () => {
  test.each([131_072, 1_048_576])(
    "gives a block of %d bytes the same zstd bytes after any others",
    async (maxBytes) => {
      const blocks = [300, 70_000, maxBytes, 5, maxBytes, 131_071, maxBytes].map(textOf);

      const inOrder = await compressAll(zstd, blocks, maxBytes);
      const reversed = await compressAll(zstd, blocks.toReversed(), maxBytes);

      expect(reversed.toReversed()).toEqual(inOrder);
      expect(inOrder.map((frame) => zstdDecompressSync(frame))).toEqual(blocks);
      expect(inOrder.map(frameSizeBytes)).toEqual(inOrder.map(({ length }) => length));
    },
  );

  test("gives the bytes that one call for the whole block gives", async () => {
    const blocks = [300, 70_000, 131_072, 5].map(textOf);
    const { params } = streamOptions(zstd, 131_072);

    const ofZstd = await compressAll(zstd, blocks, 131_072);
    const ofZlib = await compressAll(gzip, blocks, 131_072);

    const oneCall = { params: params ?? {}, chunkSize: 2 ** 20 };
    expect(ofZstd).toEqual(
      blocks.map((block) => zstdCompressSync(block, { ...oneCall, pledgedSrcSize: block.length })),
    );
    expect(ofZlib).toEqual(blocks.map((block) => deflateSync(block, { level: 6, memLevel: 9 })));
    expect(ofZlib.map((stream) => inflateSync(stream))).toEqual(blocks);
  });

  test("ends a frame where it ends, also when it fills the output's memory to the last byte", async () => {
    const { chunkSize = 0 } = streamOptions(zstd, 131_072);
    const one = textOf(100_000, 7);
    const [frame = Buffer.alloc(0)] = await compressAll(zstd, [one], 131_072);
    const wholeFrames = Math.floor(chunkSize / frame.length) - 1;
    const missingBytes = chunkSize - wholeFrames * frame.length;
    const filler = await blockThatCompressesTo(missingBytes);

    const frames = await compressAll(zstd, [...Array.from({ length: wholeFrames }, () => one), filler, one], 131_072);

    expect(frames.at(-2)?.length).toBe(missingBytes);
    expect(frames.at(-1)).toEqual(frame);
  });
});

/** Noise does not compress: its frame is longer than it by the few bytes of headers. */
async function blockThatCompressesTo(sizeBytes: number): Promise<Buffer> {
  for (let headerBytes = 8; headerBytes < 20; headerBytes++) {
    const block = noiseOf(sizeBytes - headerBytes);
    const [frame] = await compressAll(zstd, [block], 131_072);
    if (frame?.length === sizeBytes) return block;
  }
  throw new Error(`no noise makes a frame of ${sizeBytes} bytes`);
}

function noiseOf(sizeBytes: number): Buffer {
  let state = 1;
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
