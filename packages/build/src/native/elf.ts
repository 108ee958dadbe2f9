/*
 * ELF header (64 bytes)                          Program header (56 bytes)
 *    0  7F 45 4C 46, class 2, little-endian 1      0  u32 type, 1 = load
 *   16  u16 type, 2 = executable                   4  u32 flags, 5 = read and execute
 *   18  u16 machine                                8  u64 offset in the file
 *   20  u32 version 1                             16  u64 virtual address, 24 physical address
 *   24  u64 entry address                         32  u64 size in the file, 40 size in memory
 *   32  u64 offset of the program headers         48  u64 alignment
 *   52  u16 header size, 54 entry size, 56 entry count
 *
 * Source: System V ABI, "Object Files".
 */
const fileHeaderSizeBytes = 64;
const programHeaderSizeBytes = 56;

/** Bytes in front of the code: the ELF header and one program header. */
export const elfHeaderSizeBytes = fileHeaderSizeBytes + programHeaderSizeBytes;

/** Where the file is mapped: the customary address of programs that are not relocated. */
export const loadAddress = 0x400000;

/** 64 KiB, the largest page of the processor families that are supported. */
const alignmentBytes = 0x10000;

/**
 * An ELF executable of one read-and-execute segment: the whole file. Nothing of it is writable, so that
 * it also starts where writable code is forbidden; programs use their stack.
 * @param machine `e_machine`
 * @param body code, entered at its first byte, and constant data
 */
export function formatElf(machine: number, body: Uint8Array): Uint8Array {
  const file = Buffer.alloc(elfHeaderSizeBytes + body.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(loadAddress + elfHeaderSizeBytes), 24);
  file.writeBigUInt64LE(BigInt(fileHeaderSizeBytes), 32);
  file.writeUInt16LE(fileHeaderSizeBytes, 52);
  file.writeUInt16LE(programHeaderSizeBytes, 54);
  file.writeUInt16LE(1, 56);

  const segment = file.subarray(fileHeaderSizeBytes);
  segment.writeUInt32LE(1, 0);
  segment.writeUInt32LE(5, 4);
  segment.writeBigUInt64LE(BigInt(loadAddress), 16);
  segment.writeBigUInt64LE(BigInt(loadAddress), 24);
  segment.writeBigUInt64LE(BigInt(file.length), 32);
  segment.writeBigUInt64LE(BigInt(file.length), 40);
  segment.writeBigUInt64LE(BigInt(alignmentBytes), 48);
  file.set(body, elfHeaderSizeBytes);
  return file;
}
