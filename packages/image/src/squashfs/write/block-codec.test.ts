import { createHash } from "node:crypto";
import { createDeflate, createZstdCompress } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compressBlock, createBlockCompressor } from "./block-codec.ts";
import { tryReuseCompressor } from "./compressor-reuse.ts";

const maxBlockBytes = 2 ** 19;
const settings = [
  { compression: "zstd", level: 3 },
  { compression: "zstd", level: 9 },
  { compression: "gzip", level: 6 },
] as const;

/** Blocks as they come: of all sizes, some that compress and some that do not. */
const blocks = fc.array(
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: maxBlockBytes })),
  { minLength: 1, maxLength: 6 },
);

test.each(settings)("$compression $level: a compressor gives each block the bytes of a single call", (setting) => {
  fc.assert(
    fc.property(blocks, (shapes) => {
      const compress = createBlockCompressor(setting, maxBlockBytes);
      for (const [pattern, sizeBytes] of shapes) {
        const block = Buffer.alloc(sizeBytes, pattern);

        const reused = compress(block);

        expect(reused === undefined ? undefined : Buffer.from(reused)).toEqual(toBuffer(compressBlock(block, setting)));
      }
    }),
    { numRuns: 8 },
  );
});

test("this Node lets compressors be used again", () => {
  expect(tryReuseCompressor("zstd", createZstdCompress(), 4096)?.(Buffer.alloc(4096))?.length).toBeLessThan(64);
  expect(tryReuseCompressor("zlib", createDeflate(), 4096)?.(Buffer.alloc(4096))?.length).toBeLessThan(64);
});

test("a compressor answers nothing when a block does not become smaller", () => {
  const noise = createHash("shake256", { outputLength: 5000 }).update("noise").digest();

  const compressed = createBlockCompressor({ compression: "zstd", level: 3 }, 8192)(noise);

  expect(compressed).toBeUndefined();
});

function toBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes);
}
