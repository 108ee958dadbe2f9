import { call, cString, type Instruction, type Program } from "../instruction.ts";

/** The marks of the kernel's overlay (`userxattr` and not) and of fuse-overlayfs. */
const marks = ["user.overlay.opaque", "trusted.overlay.opaque", "user.fuseoverlayfs.opaque"] as const;
const yes = "y".charCodeAt(0);

/**
 * `take-opaque FOLDER…` writes the path of every folder that hides what lies below it in an overlay, each
 * with a closing zero byte, and takes the mark off. Node cannot read extended attributes, and `getfattr` is
 * missing on most machines.
 */
export const takeOpaqueProgram: Program = {
  code: [
    { op: "stackPointer", to: "s0" },
    { op: "copy", to: "s1", from: "s0" },
    { op: "add", to: "s1", value: 8 },
    { op: "label", name: "next" },
    { op: "add", to: "s1", value: 8 },
    { op: "load", bits: 64, to: "s2", base: "s1", offset: 0 },
    { op: "branch", when: "equal", left: "s2", right: 0, label: "end" },
    ...marks.flatMap((mark) => takeMark(mark)),
    { op: "jump", label: "next" },
    { op: "label", name: "end" },
    ...call("exit_group", 0),
  ],
  data: Object.fromEntries(marks.map((mark) => [mark, cString(mark)])),
};

/** s0: eight bytes for the value, s2: the path, s3: the end of the path. */
function takeMark(mark: string): Instruction[] {
  const done = `${mark}-done`;
  const measure = `${mark}-measure`;
  return [
    ...call("lgetxattr", "s2", { data: mark }, "s0", 1),
    { op: "branch", when: "notEqual", left: "result", right: 1, label: done },
    { op: "load", bits: 8, to: "s3", base: "s0", offset: 0 },
    { op: "branch", when: "notEqual", left: "s3", right: yes, label: done },
    ...call("lremovexattr", "s2", { data: mark }),
    ...writePath(measure),
    { op: "label", name: done },
  ];
}

/** Counts the bytes of the path with its closing zero, and writes them. */
function writePath(measure: string): Instruction[] {
  return [
    { op: "copy", to: "s3", from: "s2" },
    { op: "set", to: "s4", value: 0n },
    { op: "label", name: measure },
    { op: "load", bits: 8, to: "s5", base: "s3", offset: 0 },
    { op: "add", to: "s3", value: 1 },
    { op: "add", to: "s4", value: 1 },
    { op: "branch", when: "notEqual", left: "s5", right: 0, label: measure },
    ...call("write", 1, "s2", "s4"),
  ];
}
