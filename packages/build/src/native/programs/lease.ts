import { becomeCommand } from "./become-command.ts";
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
    ...becomeCommand,
    ...failed.code,
  ],
  data: failed.data,
};
