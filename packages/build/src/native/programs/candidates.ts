import type { Instruction } from "../instruction.ts";
import type { FailurePoint } from "./message.ts";

/** Bytes from the stack pointer at the start to the pointer of an argument: the kernel puts their count in front. */
export const argument = (index: number): number => 8 * (index + 1);

/**
 * Reads `CANDIDATE… "" ARGUMENT…` from the arguments. Expects the stack pointer of the start in s0; leaves in s1 the first
 * candidate, in s2 the first ARGUMENT and in s3 the variables.
 * @param first index of the first CANDIDATE
 */
export function findCandidates(first: number, failure: FailurePoint): readonly Instruction[] {
  return [
    { op: "copy", to: "s1", from: "s0" },
    { op: "add", to: "s1", value: argument(first) },
    { op: "copy", to: "s2", from: "s1" },
    { op: "label", name: "find-arguments" },
    { op: "load", bits: 64, to: "a0", base: "s2", offset: 0 },
    { op: "add", to: "s2", value: 8 },
    { op: "branch", when: "equal", left: "a0", right: 0, label: failure.label },
    { op: "load", bits: 8, to: "a1", base: "a0", offset: 0 },
    { op: "branch", when: "notEqual", left: "a1", right: 0, label: "find-arguments" },
    { op: "copy", to: "s3", from: "s2" },
    { op: "label", name: "find-environment" },
    { op: "load", bits: 64, to: "a0", base: "s3", offset: 0 },
    { op: "add", to: "s3", value: 8 },
    { op: "branch", when: "notEqual", left: "a0", right: 0, label: "find-environment" },
  ];
}

/** Becomes the first candidate that can be executed: execve comes back only when it failed, up to the empty one. */
export function executeCandidate(failure: FailurePoint): readonly Instruction[] {
  return [
    { op: "label", name: "execute" },
    { op: "load", bits: 64, to: "a0", base: "s1", offset: 0 },
    { op: "load", bits: 8, to: "a1", base: "a0", offset: 0 },
    { op: "branch", when: "equal", left: "a1", right: 0, label: failure.label },
    { op: "copy", to: "a1", from: "s2" },
    { op: "copy", to: "a2", from: "s3" },
    { op: "syscall", name: "execve" },
    { op: "add", to: "s1", value: 8 },
    { op: "jump", label: "execute" },
  ];
}

/** What is said when no candidate can be executed. */
export const commandMissing = "the step's command is not in its root tree";
