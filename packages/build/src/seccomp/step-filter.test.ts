import { expect, test } from "vitest";
import type { Architecture } from "../native/syscall-numbers.ts";
import { allowCall, answerErrno, type BpfInstruction, formatBpf, seccompData } from "./bpf.ts";
import { stepFilter } from "./step-filter.ts";

const auditArchitecture = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003 } as const;

/** What the kernel's own interpreter of classic BPF does with a filter, which has no loops. */
function answer(filter: readonly BpfInstruction[], words: ReadonlyMap<number, number>): number {
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const instruction = filter[at];
    if (instruction === undefined) throw new Error("the filter ends without an answer");
    switch (instruction.op) {
      case "load":
        accumulator = words.get(instruction.offset) ?? 0;
        break;
      case "and":
        accumulator = (accumulator & instruction.value) >>> 0;
        break;
      case "ifEqual":
        at += accumulator === instruction.value ? instruction.skipIfTrue : instruction.skipIfFalse;
        break;
      case "ifAtLeast":
        at += accumulator >= instruction.value ? instruction.skipIfTrue : instruction.skipIfFalse;
        break;
      case "answer":
        return instruction.value;
    }
  }
}

function call(architecture: keyof typeof auditArchitecture, number: number, ...args: number[]): Map<number, number> {
  return new Map([
    [seccompData.number, number],
    [seccompData.architecture, auditArchitecture[architecture]],
    ...args.map((value, index) => [seccompData.argument(index), value] as const),
  ]);
}

const pretended = answerErrno(0);

test.each([
  ["x64", [92, 93, 94, 260, 105, 106, 113, 114, 117, 119, 116, 122, 123, 126, 74, 75, 162, 277, 306]],
  ["arm64", [55, 54, 146, 144, 145, 143, 147, 149, 159, 151, 152, 91, 82, 83, 81, 84, 267]],
] as const)(
  "answers every call of %s for owners and the disk with success and lets all others through",
  (architecture, numbers) => {
    const filter = stepFilter(architecture);
    const nodes: readonly number[] = architecture === "x64" ? [133, 259] : [33];

    for (let number = 0; number < 500; number += 1) {
      const isPretended = (numbers as readonly number[]).includes(number);
      if (nodes.includes(number)) continue;
      expect(answer(filter, call(architecture, number)), `call ${number}`).toBe(isPretended ? pretended : allowCall);
    }
  },
);

test.each([
  ["x64", 133, 1],
  ["x64", 259, 2],
  ["arm64", 33, 2],
] as const)("makes no device nodes on %s by call %i, but everything else", (architecture, number, modeArgument) => {
  const filter = stepFilter(architecture);
  const answerFor = (mode: number): number => {
    const args = [0, 0, 0];
    args[modeArgument] = mode;
    return answer(filter, call(architecture, number, ...args));
  };

  expect(answerFor(0o020666)).toBe(pretended);
  expect(answerFor(0o060600)).toBe(pretended);
  for (const mode of [0o010644, 0o140755, 0o100644, 0o644]) expect(answerFor(mode)).toBe(allowCall);
});

test("leaves programs of a foreign calling convention alone", () => {
  expect(answer(stepFilter("x64"), call("i386", 92))).toBe(allowCall);
  expect(answer(stepFilter("x64"), call("arm64", 92))).toBe(allowCall);
  expect(answer(stepFilter("x64"), call("x64", 0x40000000 + 92))).toBe(allowCall);
  expect(answer(stepFilter("arm64"), call("i386", 55))).toBe(allowCall);
});

test.each(["x64", "arm64"] satisfies Architecture[])(
  "writes the filter of %s as the kernel's structures",
  (architecture) => {
    const filter = stepFilter(architecture);
    const bytes = Buffer.from(formatBpf(filter));

    expect(bytes.length).toBe(filter.length * 8);
    // BPF_LD|BPF_W|BPF_ABS 4, then BPF_JMP|BPF_JEQ|BPF_K skip 1, then BPF_RET allow
    expect(bytes.toString("hex", 0, 8)).toBe("2000000004000000");
    expect(bytes.readUInt16LE(8)).toBe(0x15);
    expect([bytes[10], bytes[11]]).toEqual([1, 0]);
    expect(bytes.toString("hex", 16, 24)).toBe("060000000000ff7f");
  },
);
