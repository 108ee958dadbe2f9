import { call, cString, type DataPiece, type Instruction, type Program } from "../instruction.ts";
import { capabilitiesToDrop } from "./capabilities.ts";
import { argument, commandMissing, executeCandidate, findCandidates } from "./candidates.ts";
import { type FailurePoint, failurePoint, orFail } from "./message.ts";

/** In front of every variable that the command shall get; all others stay behind. Eight bytes: compared as one word. */
export const environmentPrefix = "R2S_ENV_";

/** The host name that steps see: a name of the machine would end in what packages write at installation. */
export const stepHostName = "repo2singularity";

const failures = {
  root: failurePoint("fail-root", "the step's root tree cannot be entered"),
  folder: failurePoint("fail-folder", "the step's working folder does not exist"),
  filter: failurePoint("fail-filter", "the kernel does not take the seccomp filter"),
  process: failurePoint("fail-process", "no process can be started"),
  command: failurePoint("fail-command", commandMissing),
} as const satisfies Record<string, FailurePoint>;

/**
 * Processes and threads that one step may have: what is left of a fork bomb. The kernel counts them for each user of the
 * step's namespace (since Linux 5.14; all processes of the user before), and not for the real root, whose steps
 * are held by the highest process number of their own table instead (since Linux 6.14).
 */
export const processLimit = 4096;

const maximumProcesses = 6; // RLIMIT_NPROC
const detach = 2; // MNT_DETACH
const moveMount = 0x2000; // MS_MOVE
const childSignal = 17; // SIGCHLD
const dropBoundingCapability = 24; // PR_CAPBSET_DROP
const noNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
const setSeccomp = 22; // PR_SET_SECCOMP
const filterMode = 2; // SECCOMP_MODE_FILTER

/**
 * The last program of the host in a step: `enter ROOT CWD CANDIDATE… "" ARGUMENT…`, started as process 1 of
 * a new pid namespace with ROOT mounted.
 *
 * It makes ROOT the only tree that there is, then starts the command in a session of its own: the first
 * CANDIDATE (absolute path in ROOT) that can be executed, with the ARGUMENTs (argument 0 first), the variables
 * that carry {@link environmentPrefix} (without it), few capabilities, no new privileges, and the filter.
 * Process 1 itself reaps until the command ends and ends with its status (128 + N for signal N), upon which
 * the kernel kills whatever is left of the step.
 *
 * @param filter a seccomp filter as `formatBpf` gives it
 */
export function enterProgram(filter: Uint8Array): Program {
  return stepProgram(enterRoot, filter);
}

/**
 * The same for where a container runtime has made ROOT the root: `command ROOT CWD CANDIDATE… "" ARGUMENT…`
 * leaves ROOT alone and does all the rest.
 */
export function commandProgram(filter: Uint8Array): Program {
  return stepProgram([], filter);
}

function stepProgram(enterTree: readonly Instruction[], filter: Uint8Array): Program {
  const code: Instruction[] = [
    { op: "stackPointer", to: "s0" },
    ...enterTree,
    ...startCommand,
    ...reapUntilCommandEnds,
    { op: "label", name: "command" },
    ...becomeCommand,
    ...passEnvironment,
    ...executeCandidate(failures.command),
    ...Object.values(failures).flatMap((point) => point.code),
  ];
  const data: Record<string, DataPiece> = {
    here: cString("."),
    top: cString("/"),
    "host-name": cString(stepHostName),
    // struct rlimit64: u64 soft and hard limit
    "process-limit": { bytes: new Uint8Array(new BigUint64Array([processLimit, processLimit].map(BigInt)).buffer) },
    filter: { bytes: filter },
    // struct sock_fprog: u16 count of instructions, then at offset 8 their address
    "filter-description": {
      bytes: new Uint8Array(new BigUint64Array([BigInt(filter.length / 8), 0n]).buffer),
      addresses: [{ offset: 8, data: "filter" }],
    },
  };
  for (const point of Object.values(failures)) Object.assign(data, point.data);
  return { code, data };
}

/**
 * pivot_root takes the host's tree out of the namespace for good. It is refused where the host itself runs
 * from its initial ramdisk (diskless nodes): there the new root is moved over the old one instead.
 */
const enterRoot: readonly Instruction[] = [
  { op: "load", bits: 64, to: "a0", base: "s0", offset: argument(1) },
  { op: "syscall", name: "chdir" },
  orFail(failures.root),
  ...call("pivot_root", { data: "here" }, { data: "here" }),
  { op: "branch", when: "less", left: "result", right: 0, label: "move-root" },
  ...call("umount2", { data: "here" }, detach),
  orFail(failures.root),
  { op: "jump", label: "in-root" },
  { op: "label", name: "move-root" },
  ...call("mount", { data: "here" }, { data: "top" }, 0, moveMount, 0),
  orFail(failures.root),
  ...call("chroot", { data: "here" }),
  orFail(failures.root),
  { op: "label", name: "in-root" },
  ...call("chdir", { data: "top" }),
  // Refused without a namespace for it; then the host's name is all that differs.
  ...call("sethostname", { data: "host-name" }, stepHostName.length),
];

const startCommand: readonly Instruction[] = [
  ...call("clone", childSignal, 0, 0, 0, 0),
  orFail(failures.process),
  { op: "branch", when: "equal", left: "result", right: 0, label: "command" },
  { op: "copy", to: "s1", from: "result" },
];

/** The wait status is written over the argument count, which nobody needs in process 1 any more. */
const reapUntilCommandEnds: readonly Instruction[] = [
  { op: "label", name: "reap" },
  ...call("wait4", -1, "s0", 0, 0),
  orFail(failures.process),
  { op: "branch", when: "notEqual", left: "result", right: "s1", label: "reap" },
  { op: "load", bits: 32, to: "s2", base: "s0", offset: 0 },
  { op: "bits", to: "s2", low: 0, count: 7 },
  { op: "load", bits: 32, to: "a0", base: "s0", offset: 0 },
  { op: "bits", to: "a0", low: 8, count: 8 },
  { op: "branch", when: "equal", left: "s2", right: 0, label: "end" },
  { op: "copy", to: "a0", from: "s2" },
  { op: "add", to: "a0", value: 128 },
  { op: "label", name: "end" },
  { op: "syscall", name: "exit_group" },
];

const becomeCommand: readonly Instruction[] = [
  ...call("setsid"),
  ...call("umask", 0o022),
  { op: "load", bits: 64, to: "a0", base: "s0", offset: argument(2) },
  { op: "syscall", name: "chdir" },
  orFail(failures.folder),
  // Refused where the user's own limit is lower still; then that one holds.
  ...call("prlimit64", 0, maximumProcesses, { data: "process-limit" }, 0),
  // Numbers above the kernel's last capability are refused, which does no harm.
  ...capabilitiesToDrop.flatMap((capability) => call("prctl", dropBoundingCapability, capability, 0, 0, 0)),
  ...call("prctl", noNewPrivileges, 1, 0, 0, 0),
  orFail(failures.filter),
  ...call("prctl", setSeccomp, filterMode, { data: "filter-description" }, 0, 0),
  orFail(failures.filter),
];

/**
 * Moves the wanted variables to the front of the pointer list. s1: next candidate for execution, s2: first
 * ARGUMENT, s3: the variables, s4: where the next wanted one is put, s5: the one that is looked at.
 * Reading eight bytes of a shorter string is safe: the kernel ends the stack with a null pointer.
 */
const passEnvironment: readonly Instruction[] = [
  ...findCandidates(3, failures.command),
  { op: "copy", to: "s4", from: "s3" },
  { op: "copy", to: "s5", from: "s3" },
  { op: "set", to: "a2", value: Buffer.from(environmentPrefix).readBigUInt64LE() },
  { op: "label", name: "next-variable" },
  { op: "load", bits: 64, to: "a0", base: "s5", offset: 0 },
  { op: "add", to: "s5", value: 8 },
  { op: "branch", when: "equal", left: "a0", right: 0, label: "environment-done" },
  { op: "load", bits: 64, to: "a1", base: "a0", offset: 0 },
  { op: "branch", when: "notEqual", left: "a1", right: "a2", label: "next-variable" },
  { op: "add", to: "a0", value: environmentPrefix.length },
  { op: "store", from: "a0", base: "s4", offset: 0 },
  { op: "add", to: "s4", value: 8 },
  { op: "jump", label: "next-variable" },
  { op: "label", name: "environment-done" },
  { op: "store", from: "a0", base: "s4", offset: 0 },
];
