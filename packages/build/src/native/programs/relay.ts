import { call, type Instruction, type Program } from "../instruction.ts";
import { commandMissing, executeCandidate, findCandidates } from "./candidates.ts";
import { failurePoint, orFail } from "./message.ts";

/** Where the relay listens and where it leads to. */
export interface RelayPlaces {
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** Path of a unix socket in the tree of the step; at most 107 bytes. */
  readonly socketPath: string;
}

/** As steps have them: a port that neither clients are given nor services are known by. */
export const stepRelay: RelayPlaces = { port: 61_080, socketPath: "/run/repo2singularity/network/proxy" };

const failures = {
  network: failurePoint("fail-network", "the step's way to the network cannot be opened"),
  command: failurePoint("fail-command", commandMissing),
} as const;

const internet = 2; // AF_INET
const unix = 1; // AF_UNIX
const stream = 1; // SOCK_STREAM
const closeOnExec = 0o2000000; // SOCK_CLOEXEC
const tcp = 6; // IPPROTO_TCP
const noDelay = 1; // TCP_NODELAY, which connections take over from the socket that accepts them
const childSignal = 17; // SIGCHLD
const signalSetSizeBytes = 8;
const readAndWrite = 3; // PROT_READ | PROT_WRITE
const privateMemory = 0x22; // MAP_PRIVATE | MAP_ANONYMOUS
const stopWriting = 1; // SHUT_WR
const stopAll = 2; // SHUT_RDWR
const bufferSizeBytes = 65_536;
const waitingConnections = 128;

/**
 * `relay CANDIDATE… "" ARGUMENT…` listens on a port of loopback, hands every connection to a unix socket, and becomes the
 * first CANDIDATE that can be executed with the ARGUMENTs, as `enter` does: the only way out of a step whose network
 * namespace has nothing in it. It is part of the step, with the step's rights, and ends with it.
 *
 * The accepting process is nobody's child but process 1's, so that a command that waits for all its children does not
 * wait for it. Each connection has a process for each direction, which hands on the end of its stream alone.
 */
export function relayProgram({ port, socketPath }: RelayPlaces): Program {
  const proxyAddress = unixAddress(socketPath);
  return {
    code: [
      { op: "stackPointer", to: "s0" },
      ...listen,
      ...startAccepting,
      ...findCandidates(1, failures.command),
      ...executeCandidate(failures.command),
      ...acceptConnections,
      ...connect(proxyAddress.length),
      ...copyStream,
      ...Object.values(failures).flatMap((point) => point.code),
    ],
    data: {
      "listen-address": { bytes: internetAddress(port) },
      "proxy-address": { bytes: proxyAddress },
      one: { bytes: Uint8Array.of(1, 0, 0, 0) },
      // struct sigaction of the kernel: handler SIG_IGN, then flags, restorer and mask, all zero
      ignore: { bytes: Uint8Array.of(1, ...new Uint8Array(31)) },
      ...failures.network.data,
      ...failures.command.data,
    },
  };
}

/** `struct sockaddr_in` of 127.0.0.1: u16 family, u16 port (big-endian), 4 bytes of address, 8 of nothing. */
function internetAddress(port: number): Uint8Array {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(internet, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

/** `struct sockaddr_un`: u16 family, then the path with its closing zero. */
function unixAddress(path: string): Uint8Array {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > 107) throw new RangeError(`${path}: a socket's path has at most 107 bytes`);
  return Uint8Array.of(unix, 0, ...bytes, 0);
}

/** Leaves the listening socket in s5. */
const listen: readonly Instruction[] = [
  ...call("socket", internet, stream | closeOnExec, 0),
  orFail(failures.network),
  { op: "copy", to: "s5", from: "result" },
  ...call("setsockopt", "s5", tcp, noDelay, { data: "one" }, 4),
  ...call("bind", "s5", { data: "listen-address" }, 16),
  orFail(failures.network),
  ...call("listen", "s5", waitingConnections),
  orFail(failures.network),
];

/** The process in between ends at once, which leaves its child to process 1. */
const startAccepting: readonly Instruction[] = [
  ...fork("between"),
  orFail(failures.network),
  ...call("wait4", "result", 0, 0, 0),
];

const acceptConnections: readonly Instruction[] = [
  { op: "label", name: "between" },
  ...fork("serve"),
  ...call("exit_group", 0),
  { op: "label", name: "serve" },
  ...call("setsid"),
  ...call("rt_sigaction", childSignal, { data: "ignore" }, 0, signalSetSizeBytes),
  ...[0, 1, 2].flatMap((descriptor) => call("close", descriptor)), // the step's output ends with its own programs
  { op: "label", name: "accept" },
  ...call("accept4", "s5", 0, 0, 0),
  { op: "branch", when: "less", left: "result", right: 0, label: "accept" },
  { op: "copy", to: "s1", from: "result" },
  ...fork("connection"),
  ...call("close", "s1"),
  { op: "jump", label: "accept" },
];

/** s1: the client, s2: the builder. */
function connect(addressSizeBytes: number): readonly Instruction[] {
  return [
    { op: "label", name: "connection" },
    ...call("close", "s5"),
    ...call("socket", unix, stream, 0),
    { op: "branch", when: "less", left: "result", right: 0, label: "end" },
    { op: "copy", to: "s2", from: "result" },
    ...call("connect", "s2", { data: "proxy-address" }, addressSizeBytes),
    { op: "branch", when: "less", left: "result", right: 0, label: "end" },
    ...fork("to-client"),
    { op: "copy", to: "s3", from: "s1" },
    { op: "copy", to: "s4", from: "s2" },
    { op: "jump", label: "copy" },
    { op: "label", name: "to-client" },
    { op: "copy", to: "s3", from: "s2" },
    { op: "copy", to: "s4", from: "s1" },
  ];
}

/** From s3 to s4. s0: the buffer, s1: what is written next, s2: the end of what was read. */
const copyStream: readonly Instruction[] = [
  { op: "label", name: "copy" },
  ...call("mmap", 0, bufferSizeBytes, readAndWrite, privateMemory, -1, 0),
  { op: "copy", to: "s0", from: "result" },
  { op: "label", name: "read" },
  ...call("read", "s3", "s0", bufferSizeBytes),
  { op: "branch", when: "less", left: "result", right: 0, label: "broken" },
  { op: "branch", when: "equal", left: "result", right: 0, label: "finished" },
  { op: "copy", to: "s1", from: "s0" },
  { op: "copy", to: "s2", from: "s0" },
  { op: "plus", to: "s2", from: "result" },
  { op: "label", name: "write" },
  { op: "copy", to: "a2", from: "s2" },
  { op: "minus", to: "a2", from: "s1" },
  ...call("write", "s4", "s1"),
  { op: "branch", when: "less", left: "result", right: 1, label: "broken" },
  { op: "plus", to: "s1", from: "result" },
  { op: "branch", when: "notEqual", left: "s1", right: "s2", label: "write" },
  { op: "jump", label: "read" },
  { op: "label", name: "finished" },
  ...call("shutdown", "s4", stopWriting),
  { op: "jump", label: "end" },
  { op: "label", name: "broken" },
  ...call("shutdown", "s3", stopAll),
  ...call("shutdown", "s4", stopAll),
  { op: "label", name: "end" },
  ...call("exit_group", 0),
];

/** Goes on at the label in the child; in the parent, `result` is the child or an error. */
function fork(childLabel: string): Instruction[] {
  return [
    ...call("clone", childSignal, 0, 0, 0, 0),
    { op: "branch", when: "equal", left: "result", right: 0, label: childLabel },
  ];
}
