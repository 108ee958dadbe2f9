import { constants, type Deflate, type ZstdCompress } from "node:zlib";

/** The native half of Node's zlib streams: undocumented, unchanged since Node 10, and what `minizlib` builds on too. */
interface NativeHandle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputBytes: number,
    output: Uint8Array,
    outputStart: number,
    outputBytes: number,
  ): void;
  reset(): void;
}

/** Compresses a block into a frame of its own. @returns bytes that the next call writes over; undefined on failure */
export type ReusedCompressor = (block: Uint8Array) => Uint8Array | undefined;

/**
 * Compresses one block after the other with the memory of one compressor. Node's one-shot calls make a new one each
 * time: with blocks of 128 KiB and zstd level 3, that is a quarter of the time and most of what the collector clears.
 * The bytes are those of a one-shot call whose output fits its first chunk.
 * Memory: the stream's own, and the output of one block.
 * @param stream of that kind, used by nobody else
 * @param maxBlockBytes the largest block that will come
 * @returns undefined when this Node does not have the calls: the caller compresses in one shot then
 */
export function tryReuseCompressor(
  kind: "zstd" | "zlib",
  stream: Deflate | ZstdCompress,
  maxBlockBytes: number,
): ReusedCompressor | undefined {
  const handle: unknown = Reflect.get(stream, "_handle");
  const state: unknown = Reflect.get(stream, "_writeState");
  if (!isNativeHandle(handle) || !(state instanceof Uint32Array) || state.length < 2) return undefined;
  const output = Buffer.allocUnsafeSlow(maxCompressedBytes(maxBlockBytes));
  const isZlib = kind === "zlib";
  const flush = isZlib ? constants.Z_FINISH : constants.ZSTD_e_end;
  return (block) => {
    if (isZlib) handle.reset(); // a zstd context begins its next frame by itself
    state[1] = 1; // input that is left: stays as it is when the call fails
    handle.writeSync(flush, block, 0, block.length, output, 0, output.length);
    const [free = 0, left] = state;
    return left === 0 && free > 0 ? output.subarray(0, output.length - free) : undefined;
  };
}

/** Above the bound of either compressor, so that all of a block comes out in one call. */
export function maxCompressedBytes(blockBytes: number): number {
  return blockBytes + Math.ceil(blockBytes / 128) + 1024;
}

function isNativeHandle(handle: unknown): handle is NativeHandle {
  if (typeof handle !== "object" || handle === null) return false;
  return typeof Reflect.get(handle, "writeSync") === "function" && typeof Reflect.get(handle, "reset") === "function";
}
