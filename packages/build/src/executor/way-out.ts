import { AppError } from "@repo2singularity/base";
import { stepRelay } from "../native/programs/relay.ts";
import { commandCandidates } from "./command.ts";
import { type HostMount, mountsFolder, type StepCommand, type StepTreeOptions } from "./port.ts";

/** The HTTP proxy of steps in trees that were opened with a way out. */
export const stepProxyUrl = `http://127.0.0.1:${stepRelay.port}`;

const relayTarget = `${mountsFolder}/relay`;
const socketTarget = stepRelay.socketPath.slice(0, stepRelay.socketPath.lastIndexOf("/"));

/** Name of the socket in the folder of a way out. */
export const socketName: string = stepRelay.socketPath.slice(socketTarget.length + 1);

/** The mounts of a tree with those that its way out needs. @param relay path of the helper program */
export function mountsWithWayOut({ mounts, wayOut }: StepTreeOptions, relay: string): readonly HostMount[] {
  if (wayOut === undefined) return mounts;
  return [
    ...mounts,
    { source: wayOut, target: socketTarget, readOnly: true },
    { source: relay, target: relayTarget, readOnly: true },
  ];
}

/** Targets of mounts that a command does not see, the way out among them when it has no use for it. */
export function hiddenTargets({ hiddenMounts = [], network }: StepCommand): readonly string[] {
  return network ? hiddenMounts : [...hiddenMounts, socketTarget, relayTarget];
}

/** Arguments `CANDIDATE… "" ARGUMENT…` of the helper programs that start a command, through the relay if it has a way out. */
export function startWords(command: StepCommand, hasWayOut: boolean): readonly string[] {
  const words = [...commandCandidates(command), "", ...command.argv];
  return hasWayOut && command.network ? [relayTarget, "", "relay", ...words] : words;
}

/** What is thrown for a tree with a way out where steps cannot have a network of their own. */
export function noOwnNetwork(executor: string): AppError {
  return new AppError("E_EXECUTOR_UNAVAILABLE", `executor ${executor}: steps cannot have a network of their own here`, {
    hint: "--network host gives steps this machine's network",
  });
}
