import { call, type Program } from "../instruction.ts";
import { failurePoint } from "./message.ts";

const failed = failurePoint("fail", "the program that holds a step's processes together cannot be started");
const setParentDeathSignal = 1; // PR_SET_PDEATHSIG
const kill = 9; // SIGKILL

/**
 * `lease PROGRAM ARGUMENT…` becomes PROGRAM (absolute path), which the kernel kills when its parent dies:
 * a build that is killed with -9 leaves no step running. util-linux has this as an option only since 2.33.
 */
export const leaseProgram: Program = {
  code: [
    { op: "stackPointer", to: "s0" },
    ...call("prctl", setParentDeathSignal, kill, 0, 0, 0),
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
    ...failed.code,
  ],
  data: failed.data,
};
