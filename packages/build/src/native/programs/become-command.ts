import type { Instruction } from "../instruction.ts";

/**
 * Becomes the program that the arguments name (absolute path), with the arguments after it and the same environment.
 * Falls through when the kernel refuses. Expects the stack pointer of the start in s0; uses s1.
 */
export const becomeCommand: readonly Instruction[] = [
  // The environment follows the arguments and their closing null pointer.
  { op: "copy", to: "s1", from: "s0" },
  { op: "label", name: "find-environment" },
  { op: "add", to: "s1", value: 8 },
  { op: "load", bits: 64, to: "a0", base: "s1", offset: 0 },
  { op: "branch", when: "notEqual", left: "a0", right: 0, label: "find-environment" },
  { op: "add", to: "s1", value: 8 },
  { op: "load", bits: 64, to: "a0", base: "s0", offset: 16 },
  { op: "copy", to: "a1", from: "s0" },
  { op: "add", to: "a1", value: 16 },
  { op: "copy", to: "a2", from: "s1" },
  { op: "syscall", name: "execve" },
];
