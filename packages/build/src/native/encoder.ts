import type { Instruction } from "./instruction.ts";

/** Turns portable instructions into those of one processor family. */
export interface Encoder {
  /** `e_machine` of the ELF header. */
  readonly elfMachine: number;
  /**
   * The machine code of one instruction; its length may not depend on what `addressOf` answers.
   * @param position absolute address at which the instruction will lie
   * @param addressOf absolute address of a label or piece of data
   */
  encode(instruction: Instruction, position: number, addressOf: (name: string) => number): number[];
}
