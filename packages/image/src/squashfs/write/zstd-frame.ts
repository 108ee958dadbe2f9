const magicBytes = 4;
const blockHeaderBytes = 3;
const rleBlock = 1;
const checksumBytes = 4;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;

/**
 * How many bytes the first zstd frame of some bytes takes.
 * @param bytes must begin with a whole frame
 * Source: RFC 8878, 3.1.1 "Zstandard Frames"
 */
export function frameSizeBytes(bytes: Buffer): number {
  const descriptor = bytes.readUInt8(magicBytes);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeField = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  const windowField = isSingleSegment ? 0 : 1;
  let at = magicBytes + 1 + windowField + (dictionaryIdBytes[descriptor & 3] ?? 0) + sizeField;
  for (let isLast = false; !isLast;) {
    const header = bytes.readUIntLE(at, blockHeaderBytes);
    isLast = (header & 1) === 1;
    const isRle = ((header >> 1) & 3) === rleBlock;
    at += blockHeaderBytes + (isRle ? 1 : header >> 3);
  }
  return at + ((descriptor & 4) === 0 ? 0 : checksumBytes);
}
