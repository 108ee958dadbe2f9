import { becomeCommand } from "./become-command.ts";
import { call, type DataPiece, type Program } from "../instruction.ts";
import { failurePoint, orFail } from "./message.ts";

const failures = {
  filter: failurePoint("fail-filter", "the kernel does not take the seccomp filter"),
  command: failurePoint("fail-command", "the program under the seccomp filter cannot be started"),
} as const;
const noNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
const setSeccomp = 22; // PR_SET_SECCOMP
const filterMode = 2; // SECCOMP_MODE_FILTER

/**
 * `filtered PROGRAM ARGUMENT…` becomes PROGRAM (absolute path) under the filter of build steps, with all its
 * capabilities: for a program of the host that makes a root tree and must mount inside it.
 *
 * @param filter a seccomp filter as `formatBpf` gives it
 */
export function filteredProgram(filter: Uint8Array): Program {
  const data: Record<string, DataPiece> = {
    filter: { bytes: filter },
    // struct sock_fprog: u16 count of instructions, then at offset 8 their address
    "filter-description": {
      bytes: new Uint8Array(new BigUint64Array([BigInt(filter.length / 8), 0n]).buffer),
      addresses: [{ offset: 8, data: "filter" }],
    },
    ...failures.filter.data,
    ...failures.command.data,
  };
  return {
    code: [
      { op: "stackPointer", to: "s0" },
      ...call("prctl", noNewPrivileges, 1, 0, 0, 0),
      orFail(failures.filter),
      ...call("prctl", setSeccomp, filterMode, { data: "filter-description" }, 0, 0),
      orFail(failures.filter),
      ...becomeCommand,
      ...failures.command.code,
      ...failures.filter.code,
    ],
    data,
  };
}
