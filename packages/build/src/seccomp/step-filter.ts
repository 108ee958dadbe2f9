import type { Architecture } from "../native/syscall-numbers.ts";
import { allowCall, answerErrno, type BpfInstruction, seccompData } from "./bpf.ts";

/** What the filter has to know of a processor family. */
interface FilteredCalls {
  /** `AUDIT_ARCH_…` of the native calling convention. */
  readonly auditArchitecture: number;
  /** Calls with this number or a higher one belong to another convention (x32). */
  readonly foreignFrom?: number;
  /** Calls that change owners or identities: answered 0, never made. */
  readonly ownership: readonly number[];
  /** Calls that wait for a disk: answered 0, never made. */
  readonly synchronisation: readonly number[];
  /** Calls that make file nodes, with the index of their mode argument. */
  readonly nodes: readonly { readonly number: number; readonly modeArgument: number }[];
}

/** Source: the syscall tables of Linux, by name in the order of the comment. */
const calls: Readonly<Record<Architecture, FilteredCalls>> = {
  x64: {
    auditArchitecture: 0xc000003e,
    foreignFrom: 0x40000000,
    // chown fchown lchown fchownat setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    ownership: [92, 93, 94, 260, 105, 106, 113, 114, 117, 119, 116, 122, 123, 126],
    // fsync fdatasync sync sync_file_range syncfs
    synchronisation: [74, 75, 162, 277, 306],
    // mknod mknodat
    nodes: [
      { number: 133, modeArgument: 1 },
      { number: 259, modeArgument: 2 },
    ],
  },
  arm64: {
    auditArchitecture: 0xc00000b7,
    // fchown fchownat setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset
    ownership: [55, 54, 146, 144, 145, 143, 147, 149, 159, 151, 152, 91],
    // fsync fdatasync sync sync_file_range syncfs
    synchronisation: [82, 83, 81, 84, 267],
    // mknodat
    nodes: [{ number: 33, modeArgument: 2 }],
  },
};

const fileTypeMask = 0o170000;
const characterDevice = 0o020000;
const blockDevice = 0o060000;

/**
 * The filter of build steps. It makes package managers work where only one user exists: calls that change owner, user,
 * group or capabilities, and those that make device nodes, are answered with success and not made. So are those that
 * wait until files are on the disk, hundreds of times for a few packages: a step's tree is thrown away after a crash.
 * Everything else passes, also every call of a foreign calling convention (32-bit programs, x32).
 *
 * Both namespace executors load it, so that a step leaves the same bytes under either.
 * What it cannot do: a program that looks whether the change took place sees that it did not.
 */
export function stepFilter(architecture: Architecture): BpfInstruction[] {
  const family = calls[architecture];
  const allow: BpfInstruction = { op: "answer", value: allowCall };
  const pretend: BpfInstruction = { op: "answer", value: answerErrno(0) };
  const foreign: BpfInstruction[] =
    family.foreignFrom === undefined
      ? []
      : [{ op: "ifAtLeast", value: family.foreignFrom, skipIfTrue: 0, skipIfFalse: 1 }, allow];

  return [
    { op: "load", offset: seccompData.architecture },
    { op: "ifEqual", value: family.auditArchitecture, skipIfTrue: 1, skipIfFalse: 0 },
    allow,
    { op: "load", offset: seccompData.number },
    ...foreign,
    ...[...family.ownership, ...family.synchronisation].flatMap((number): BpfInstruction[] => [
      { op: "ifEqual", value: number, skipIfTrue: 0, skipIfFalse: 1 },
      pretend,
    ]),
    ...family.nodes.flatMap(({ number, modeArgument }): BpfInstruction[] => [
      { op: "ifEqual", value: number, skipIfTrue: 0, skipIfFalse: 6 },
      { op: "load", offset: seccompData.argument(modeArgument) },
      { op: "and", value: fileTypeMask },
      { op: "ifEqual", value: characterDevice, skipIfTrue: 1, skipIfFalse: 0 },
      { op: "ifEqual", value: blockDevice, skipIfTrue: 0, skipIfFalse: 1 },
      pretend,
      allow,
    ]),
    allow,
  ];
}
