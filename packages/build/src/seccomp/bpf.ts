/**
 * One instruction of a seccomp filter in classic BPF: load a word of the call's description, mask it,
 * compare it, or answer. Jumps count the instructions to skip (0 to 255), so filters have no loops.
 * Source: Linux `Documentation/userspace-api/seccomp_filter.rst`, `include/uapi/linux/bpf_common.h`
 */
export type BpfInstruction =
  | { readonly op: "load"; readonly offset: number }
  | { readonly op: "and"; readonly value: number }
  | { readonly op: "ifEqual"; readonly value: number; readonly skipIfTrue: number; readonly skipIfFalse: number }
  | { readonly op: "ifAtLeast"; readonly value: number; readonly skipIfTrue: number; readonly skipIfFalse: number }
  | { readonly op: "answer"; readonly value: number };

/** Byte offsets in `struct seccomp_data`, from which `load` reads 32-bit words. */
export const seccompData = {
  number: 0,
  architecture: 4,
  /** The low half of an argument, on little-endian machines. */
  argument: (index: number): number => 16 + 8 * index,
} as const;

/** The answer that lets a call through. */
export const allowCall = 0x7fff0000;

/** The answer that skips a call and returns -errno; 0 is success. */
export function answerErrno(errno: number): number {
  return 0x00050000 | errno;
}

const codes: Readonly<Record<BpfInstruction["op"], number>> = {
  load: 0x20,
  and: 0x54,
  ifEqual: 0x15,
  ifAtLeast: 0x35,
  answer: 0x06,
};

/** The filter as the kernel's array of `struct sock_filter`: u16 code, u8 skip if true, u8 skip if false, u32 value. */
export function formatBpf(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, instruction] of program.entries()) {
    bytes.writeUInt16LE(codes[instruction.op], index * 8);
    if ("skipIfTrue" in instruction) {
      bytes.writeUInt8(instruction.skipIfTrue, index * 8 + 2);
      bytes.writeUInt8(instruction.skipIfFalse, index * 8 + 3);
    }
    bytes.writeUInt32LE(instruction.op === "load" ? instruction.offset : instruction.value, index * 8 + 4);
  }
  return bytes;
}
