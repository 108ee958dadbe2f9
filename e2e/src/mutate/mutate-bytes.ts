/** Random numbers that are the same for the same seed. */
export interface RandomSource {
  /** @returns a whole number from 0 to `limit - 1` */
  below(limit: number): number;
}

/** A small generator (mulberry32): good enough to choose mutations, and a seed gives them again. */
export function randomFrom(seed: number): RandomSource {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
    },
  };
}

/** Values at which readers go wrong: ends of ranges, signs, sizes that overflow when they are multiplied. */
const EDGE_VALUES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
const HEAD_BYTES = 512;

/**
 * A damaged copy of a file: one to eight changes, of bits, numbers, stretches or the length.
 * @param bytes the sound file; left as it is
 */
export function mutateBytes(bytes: Uint8Array, random: RandomSource): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  const changeCount = 1 + random.below(8);
  for (let index = 0; index < changeCount && mutated.length > 0; index += 1) {
    const change = CHANGES[random.below(CHANGES.length)];
    if (change !== undefined) mutated = change(mutated, random);
  }
  return mutated;
}

type Change = (bytes: Buffer, random: RandomSource) => Buffer;

/** Headers stand at the start of all formats and are few bytes of the file, so they get a third of the changes. */
function place(bytes: Buffer, random: RandomSource): number {
  return random.below(random.below(3) === 0 ? Math.min(HEAD_BYTES, bytes.length) : bytes.length);
}

const flipBit: Change = (bytes, random) => {
  const at = place(bytes, random);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
};

const setByte: Change = (bytes, random) => {
  bytes[place(bytes, random)] = random.below(256);
  return bytes;
};

const setEdgeValue: Change = (bytes, random) => {
  const value = EDGE_VALUES[random.below(EDGE_VALUES.length)] ?? 0;
  const width = [1, 2, 4, 8][random.below(4)] ?? 1;
  const at = place(bytes, random);
  if (at + width > bytes.length) return bytes;
  if (width === 8) bytes.writeBigUInt64LE(BigInt(value) << BigInt(random.below(33)), at);
  else bytes.writeUIntLE(value % 2 ** (8 * width), at, width);
  return bytes;
};

const nudgeNumber: Change = (bytes, random) => {
  const at = place(bytes, random);
  if (at + 4 > bytes.length) return bytes;
  bytes.writeUInt32LE((bytes.readUInt32LE(at) + random.below(33) - 16) >>> 0, at);
  return bytes;
};

const setDigit: Change = (bytes, random) => {
  bytes[place(bytes, random)] = 0x30 + random.below(10);
  return bytes;
};

/** What stands somewhere is written over everything from somewhere else to the end. */
const copyLong: Change = (bytes, random) => {
  bytes.copy(bytes, place(bytes, random), place(bytes, random));
  return bytes;
};

const copyShort: Change = (bytes, random) => {
  const from = place(bytes, random);
  bytes.copy(bytes, place(bytes, random), from, from + 1 + random.below(64));
  return bytes;
};

const clearStretch: Change = (bytes, random) => {
  const from = place(bytes, random);
  bytes.fill(random.below(2) === 0 ? 0 : 0xff, from, Math.min(bytes.length, from + 1 + random.below(32)));
  return bytes;
};

const cut: Change = (bytes, random) => bytes.subarray(0, place(bytes, random));

const insert: Change = (bytes, random) => {
  const at = place(bytes, random);
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + random.below(600)), bytes.subarray(at)]);
};

const CHANGES: readonly Change[] = [
  flipBit,
  flipBit,
  setByte,
  setEdgeValue,
  setEdgeValue,
  nudgeNumber,
  setDigit,
  copyShort,
  copyLong,
  clearStretch,
  cut,
  insert,
];
