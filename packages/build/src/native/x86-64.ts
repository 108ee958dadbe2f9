import type { Condition, Instruction, Register } from "./instruction.ts";
import { syscallNumbers } from "./syscall-numbers.ts";
import type { Encoder } from "./encoder.ts";

/*
 * Encodings used, with W = 64-bit operands. Registers are numbered 0 to 15; numbers from 8 on need a bit in
 * the REX prefix. Every form has one length, whatever its operands, so that addresses are known in one pass.
 *
 *   mov  r, imm64         REX.W+B8+r io        add/and/cmp r, imm32  REX.W 81 /0, /4, /7 id
 *   mov  r, r             REX.W 89 /r          cmp  r, r             REX.W 39 /r
 *   mov  r, [r+disp32]    REX.W 8B /r          mov  r32, [r+disp32]  8B /r
 *   movzx r, byte [..]    REX.W 0F B6 /r       mov  [r+disp32], r    REX.W 89 /r
 *   shr  r, imm8          REX.W C1 /5 ib       add/sub r, r          REX.W 01, 29 /r
 *   jcc  rel32            0F 80+cc cd          jmp  rel32            E9 cd
 *   syscall               0F 05
 *
 * Source: Intel SDM volume 2, "Instruction Format" and the opcode map.
 */

/** System V arguments of a system call: rdi rsi rdx r10 r8 r9; rbx rbp r12-r15 survive; rax answers. */
const registerNumbers: Readonly<Record<Register, number>> = {
  a0: 7,
  a1: 6,
  a2: 2,
  a3: 10,
  a4: 8,
  a5: 9,
  s0: 3,
  s1: 5,
  s2: 12,
  s3: 13,
  s4: 14,
  s5: 15,
  result: 0,
};
const stackPointer = 4;

const conditionCodes: Readonly<Record<Condition, number>> = { equal: 0x4, notEqual: 0x5, less: 0xc };

/** Encodes the portable instructions for x86-64. */
export const x86_64: Encoder = {
  elfMachine: 62,
  encode(instruction, position, addressOf) {
    switch (instruction.op) {
      case "label":
        return [];
      case "set":
        return moveConstant(instruction.to, instruction.value);
      case "address":
        return moveConstant(instruction.to, BigInt(addressOf(instruction.data)));
      case "copy":
        return registerToRegister(0x89, registerNumbers[instruction.from], registerNumbers[instruction.to]);
      case "stackPointer":
        return registerToRegister(0x89, stackPointer, registerNumbers[instruction.to]);
      case "add":
        return withConstant(0, instruction.to, instruction.value);
      case "plus":
        return registerToRegister(0x01, registerNumbers[instruction.from], registerNumbers[instruction.to]);
      case "minus":
        return registerToRegister(0x29, registerNumbers[instruction.from], registerNumbers[instruction.to]);
      case "load":
        return load(instruction);
      case "store":
        return [...rex(true, instruction.from, instruction.base), 0x89, ...memory(instruction.from, instruction)];
      case "bits":
        return [
          ...shiftRight(instruction.to, instruction.low),
          ...withConstant(4, instruction.to, 2 ** instruction.count - 1),
        ];
      case "branch": {
        const compared = compare(instruction.left, instruction.right);
        const end = position + compared.length + 6;
        return [
          ...compared,
          0x0f,
          0x80 + conditionCodes[instruction.when],
          ...int32(addressOf(instruction.label) - end),
        ];
      }
      case "jump":
        return [0xe9, ...int32(addressOf(instruction.label) - position - 5)];
      default:
        return [...moveConstant("result", BigInt(syscallNumbers[instruction.name].x64)), 0x0f, 0x05]; // syscall
    }
  },
};

function rexByte(wide: boolean, reg: number, rm: number): number {
  return 0x40 | (wide ? 8 : 0) | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0);
}

function rex(wide: boolean, reg: Register, rm: Register): number[] {
  return [rexByte(wide, registerNumbers[reg], registerNumbers[rm])];
}

function modRm(mode: number, reg: number, rm: number): number {
  return (mode << 6) | ((reg & 7) << 3) | (rm & 7);
}

function moveConstant(to: Register, value: bigint): number[] {
  const register = registerNumbers[to];
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return [rexByte(true, 0, register), 0xb8 + (register & 7), ...bytes];
}

function registerToRegister(opcode: number, from: number, to: number): number[] {
  return [rexByte(true, from, to), opcode, modRm(3, from, to)];
}

/** The group of opcode 81: extension 0 adds, 4 ands, 7 compares. */
function withConstant(extension: number, to: Register, value: number): number[] {
  const register = registerNumbers[to];
  return [rexByte(true, 0, register), 0x81, modRm(3, extension, register), ...int32(value)];
}

function shiftRight(to: Register, count: number): number[] {
  const register = registerNumbers[to];
  return [rexByte(true, 0, register), 0xc1, modRm(3, 5, register), count];
}

function compare(left: Register, right: Register | number): number[] {
  if (typeof right === "number") return withConstant(7, left, right);
  return registerToRegister(0x39, registerNumbers[right], registerNumbers[left]);
}

function load(instruction: Extract<Instruction, { op: "load" }>): number[] {
  const opcode = instruction.bits === 8 ? [0x0f, 0xb6] : [0x8b];
  return [
    ...rex(instruction.bits !== 32, instruction.to, instruction.base),
    ...opcode,
    ...memory(instruction.to, instruction),
  ];
}

/** `[base + disp32]`; a base whose low bits are 4 (r12) can only be named through a SIB byte. */
function memory(reg: Register, place: { readonly base: Register; readonly offset: number }): number[] {
  const base = registerNumbers[place.base];
  const sib = (base & 7) === 4 ? [0x24] : [];
  return [modRm(2, registerNumbers[reg], base), ...sib, ...int32(place.offset)];
}

function int32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return [...bytes];
}
