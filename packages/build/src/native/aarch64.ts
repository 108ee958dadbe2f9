import type { Encoder } from "./encoder.ts";
import type { Condition, Instruction, Register } from "./instruction.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

/*
 * Encodings used; every instruction is one 32-bit little-endian word. Rd, Rn, Rm are register numbers.
 *
 *   movz x, imm16, lsl 16*h   D2800000 | h<<21 | imm<<5 | Rd     movk: F2800000
 *   mov  x, x (orr)           AA0003E0 | Rm<<16 | Rd
 *   add/sub x, x, imm12       91000000 / D1000000 | imm<<10 | Rn<<5 | Rd     (also reads sp as register 31)
 *   add/sub x, x, x           8B000000 / CB000000 | Rm<<16 | Rn<<5 | Rd
 *   ldr x / ldr w / ldrb      F9400000 / B9400000 / 39400000 | (offset/size)<<10 | Rn<<5 | Rt
 *   str x                     F9000000 | (offset/8)<<10 | Rn<<5 | Rt
 *   ubfx x                    D3400000 | low<<16 | (low+count-1)<<10 | Rn<<5 | Rd
 *   cmp x, imm12 / cmp x, x   F100001F | imm<<10 | Rn<<5  /  EB00001F | Rm<<16 | Rn<<5
 *   b.cond / b                54000000 | (words & 7FFFF)<<5 | cond  /  14000000 | (words & 3FFFFFF)
 *   svc 0                     D4000001
 *
 * Source: Arm Architecture Reference Manual, "A64 instruction set encoding".
 */

/** Arguments of a system call are x0 to x5 and its number x8; x19-x24 survive by the kernel's promise, as does x9. */
const registerNumbers: Readonly<Record<Register, number>> = {
  a0: 0,
  a1: 1,
  a2: 2,
  a3: 3,
  a4: 4,
  a5: 5,
  s0: 19,
  s1: 20,
  s2: 21,
  s3: 22,
  s4: 23,
  s5: 24,
  result: 9,
};
const stackPointer = 31;
const syscallNumber = 8;

const conditionCodes: Readonly<Record<Condition, number>> = { equal: 0x0, notEqual: 0x1, less: 0xb };

/** Encodes the portable instructions for 64-bit Arm. */
export const aarch64: Encoder = {
  elfMachine: 183,
  encode: (instruction, position, addressOf) => {
    const bytes = Buffer.alloc(4);
    return words(instruction, position, addressOf).flatMap((word) => {
      bytes.writeUInt32LE(word >>> 0);
      return [...bytes];
    });
  },
};

function words(instruction: Instruction, position: number, addressOf: (name: string) => number): number[] {
  switch (instruction.op) {
    case "label":
      return [];
    case "set":
      return moveConstant(registerNumbers[instruction.to], instruction.value);
    case "address":
      return moveConstant(registerNumbers[instruction.to], BigInt(addressOf(instruction.data)));
    case "copy":
      return [moveRegister(registerNumbers[instruction.to], registerNumbers[instruction.from])];
    case "stackPointer":
      return [add(registerNumbers[instruction.to], stackPointer, 0)];
    case "add":
      return [add(registerNumbers[instruction.to], registerNumbers[instruction.to], instruction.value)];
    case "plus":
      return [combine(0x8b000000, registerNumbers[instruction.to], registerNumbers[instruction.from])];
    case "minus":
      return [combine(0xcb000000, registerNumbers[instruction.to], registerNumbers[instruction.from])];
    case "load":
      return [load(instruction)];
    case "store":
      return [place(0xf9000000, 8, registerNumbers[instruction.from], instruction)];
    case "bits": {
      const register = registerNumbers[instruction.to];
      const high = instruction.low + instruction.count - 1;
      return [0xd3400000 | (instruction.low << 16) | (high << 10) | (register << 5) | register];
    }
    case "branch": {
      const distance = (addressOf(instruction.label) - position - 4) / 4; // from the branch, which follows the compare
      return [
        compare(instruction.left, instruction.right),
        0x54000000 | ((distance & 0x7ffff) << 5) | conditionCodes[instruction.when],
      ];
    }
    case "jump":
      return [0x14000000 | (((addressOf(instruction.label) - position) / 4) & 0x3ffffff)];
    default: {
      const number = BigInt(syscallNumbers[instruction.name].arm64); // op "syscall"
      return [...moveConstant(syscallNumber, number), 0xd4000001, moveRegister(registerNumbers.result, 0)];
    }
  }
}

function moveConstant(register: number, value: bigint): number[] {
  const unsigned = BigInt.asUintN(64, value);
  return [0, 1, 2, 3].map((half) => {
    const bits = Number((unsigned >> BigInt(16 * half)) & 0xffffn);
    return (half === 0 ? 0xd2800000 : 0xf2800000) | (half << 21) | (bits << 5) | register;
  });
}

function moveRegister(to: number, from: number): number {
  return 0xaa0003e0 | (from << 16) | to;
}

function add(to: number, from: number, value: number): number {
  return (value < 0 ? 0xd1000000 : 0x91000000) | (Math.abs(value) << 10) | (from << 5) | to;
}

function combine(opcode: number, to: number, from: number): number {
  return opcode | (from << 16) | (to << 5) | to;
}

function load(instruction: Extract<Instruction, { op: "load" }>): number {
  const opcode = { 8: 0x39400000, 32: 0xb9400000, 64: 0xf9400000 }[instruction.bits];
  return place(opcode, instruction.bits / 8, registerNumbers[instruction.to], instruction);
}

function place(
  opcode: number,
  sizeBytes: number,
  register: number,
  at: { readonly base: Register; readonly offset: number },
): number {
  return opcode | ((at.offset / sizeBytes) << 10) | (registerNumbers[at.base] << 5) | register;
}

function compare(left: Register, right: Register | number): number {
  const compared = registerNumbers[left] << 5;
  if (typeof right === "number") return 0xf100001f | (right << 10) | compared;
  return 0xeb00001f | (registerNumbers[right] << 16) | compared;
}
