import { call, type Program } from "../instruction.ts";
import { failurePoint, orFail } from "./message.ts";

const failed = failurePoint("fail", "the mark of a removed file cannot be made here (needs Linux 5.8)");
const fromWorkingFolder = -100; // AT_FDCWD
const characterDevice = 0o020000; // S_IFCHR

/**
 * `whiteout PATH…` makes the overlay's mark of a removed file at every path: a character device 0:0 of mode 0,
 * which is no device and which every user may make.
 */
export const whiteoutProgram: Program = {
  code: [
    { op: "stackPointer", to: "s1" },
    { op: "add", to: "s1", value: 8 },
    { op: "label", name: "next" },
    { op: "add", to: "s1", value: 8 },
    { op: "load", bits: 64, to: "s2", base: "s1", offset: 0 },
    { op: "branch", when: "equal", left: "s2", right: 0, label: "end" },
    ...call("mknodat", fromWorkingFolder, "s2", characterDevice, 0),
    orFail(failed),
    { op: "jump", label: "next" },
    { op: "label", name: "end" },
    ...call("exit_group", 0),
    ...failed.code,
  ],
  data: failed.data,
};
