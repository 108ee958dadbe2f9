import type { SyscallName } from "./syscall-numbers.ts";

/**
 * Registers of the small portable machine that the helper programs are written for: `a0`…`a5` are the
 * arguments of the next system call, `s0`…`s5` survive it, `result` is what it answered (negative: -errno).
 * A system call destroys `a0`…`a5`.
 */
export type Register = "a0" | "a1" | "a2" | "a3" | "a4" | "a5" | "s0" | "s1" | "s2" | "s3" | "s4" | "s5" | "result";

/** One instruction of the portable machine; each becomes a fixed sequence of machine instructions. */
export type Instruction =
  | { readonly op: "label"; readonly name: string }
  /** Any 64-bit constant; negative numbers in two's complement. */
  | { readonly op: "set"; readonly to: Register; readonly value: bigint }
  /** The absolute address of a named piece of constant data. */
  | { readonly op: "address"; readonly to: Register; readonly data: string }
  | { readonly op: "copy"; readonly to: Register; readonly from: Register }
  | { readonly op: "stackPointer"; readonly to: Register }
  /** `value` from -4095 to 4095. */
  | { readonly op: "add"; readonly to: Register; readonly value: number }
  /** Adds the other register's value. */
  | { readonly op: "plus"; readonly to: Register; readonly from: Register }
  /** Takes the other register's value away. */
  | { readonly op: "minus"; readonly to: Register; readonly from: Register }
  /** `offset` in bytes from 0 to 4088, a multiple of the size that is read. */
  | {
      readonly op: "load";
      readonly bits: 8 | 32 | 64;
      readonly to: Register;
      readonly base: Register;
      readonly offset: number;
    }
  | { readonly op: "store"; readonly from: Register; readonly base: Register; readonly offset: number }
  /** Keeps `count` bits (1 to 30) that start at bit `low`, as an unsigned number. */
  | { readonly op: "bits"; readonly to: Register; readonly low: number; readonly count: number }
  | {
      readonly op: "branch";
      readonly when: Condition;
      readonly left: Register;
      /** A register, or a constant from 0 to 4095. */
      readonly right: Register | number;
      readonly label: string;
    }
  | { readonly op: "jump"; readonly label: string }
  | { readonly op: "syscall"; readonly name: SyscallName };

/** Signed comparison of two 64-bit values. */
export type Condition = "equal" | "notEqual" | "less";

/** A helper program: code with symbolic labels, and constant data by name. */
export interface Program {
  readonly code: readonly Instruction[];
  /** Laid out after the code, each piece aligned to 8 bytes. May hold addresses of other pieces. */
  readonly data: Readonly<Record<string, DataPiece>>;
}

/** Constant bytes, in which the address of another piece can stand. */
export interface DataPiece {
  readonly bytes: Uint8Array;
  /** Where in `bytes` (byte offset) the 64-bit address of which other piece is written. */
  readonly addresses?: readonly { readonly offset: number; readonly data: string }[];
}

/** An argument of {@link call}: a constant, a register's value, or the address of a piece of data. */
export type Argument = number | bigint | Register | { readonly data: string };

/** The instructions of one system call with its arguments; later arguments may not use registers `a0`… set before. */
export function call(name: SyscallName, ...args: readonly Argument[]): Instruction[] {
  const setUp = args.map((argument, index) => setArgument(argumentRegister(index), argument));
  return [...setUp, { op: "syscall", name }];
}

/** The text as bytes with the closing zero of a C string. */
export function cString(text: string): DataPiece {
  return { bytes: new TextEncoder().encode(`${text}\0`) };
}

function argumentRegister(index: number): Register {
  const registers = ["a0", "a1", "a2", "a3", "a4", "a5"] as const;
  const register = registers[index];
  if (register === undefined) throw new RangeError(`a system call has at most 6 arguments, not ${index + 1}`);
  return register;
}

function setArgument(to: Register, argument: Argument): Instruction {
  if (typeof argument === "number" || typeof argument === "bigint") return { op: "set", to, value: BigInt(argument) };
  if (typeof argument === "string") return { op: "copy", to, from: argument };
  return { op: "address", to, data: argument.data };
}
