import { call, cString, type DataPiece, type Instruction } from "../instruction.ts";

/** Status with which helper programs end when they cannot do their work. */
export const helperFailureStatus = 125;

/** A place to jump to that prints one line and ends the program. */
export interface FailurePoint {
  readonly label: string;
  readonly code: readonly Instruction[];
  readonly data: Readonly<Record<string, DataPiece>>;
}

/**
 * Code that writes a line to standard error and ends with status 125.
 * @param label also names the data; unique in the program
 */
export function failurePoint(label: string, text: string): FailurePoint {
  const message = cString(`repo2singularity: ${text}\n`);
  const code: Instruction[] = [
    { op: "label", name: label },
    ...call("write", 2, { data: `${label}-text` }, message.bytes.length - 1),
    ...call("exit_group", helperFailureStatus),
  ];
  return { label, code, data: { [`${label}-text`]: message } };
}

/** Jumps to the failure point when the last system call failed. */
export function orFail(point: FailurePoint): Instruction {
  return { op: "branch", when: "less", left: "result", right: 0, label: point.label };
}
