import { posix } from "node:path";
import { AppError } from "@repo2singularity/base";
import { type HostMount, mountsFolder, type StepCommand } from "../port.ts";

/**
 * Refuses mounts that could reach through the tree of a layer: every target lies in the fresh folder for
 * mounts, and none in another one.
 * @throws E_INTERNAL
 */
export function checkMounts(mounts: readonly HostMount[]): void {
  for (const { source, target } of mounts) {
    const isInFolder = target.startsWith(`${mountsFolder}/`) && target === posix.normalize(target);
    if (!isInFolder || target.endsWith("/")) {
      throw new AppError("E_INTERNAL", `mount of ${source}: the target must lie in ${mountsFolder}, found ${target}`);
    }
    const outer = mounts.find((other) => target.startsWith(`${other.target}/`));
    const isTwice = mounts.filter((other) => other.target === target).length > 1;
    if (outer !== undefined || isTwice) {
      throw new AppError("E_INTERNAL", `mount of ${source}: ${target} lies in another mount's target`);
    }
  }
}

/**
 * Refuses commands that cannot be handed to a kernel.
 * @throws E_INTERNAL for an empty command, a relative folder or a zero byte; E_USAGE for a variable's name
 */
export function checkCommand(command: StepCommand): void {
  if (command.argv[0] === undefined || command.argv[0] === "" || !command.cwd.startsWith("/")) {
    throw new AppError("E_INTERNAL", "a step needs a command and an absolute working folder");
  }
  const texts = [...command.argv, command.cwd, ...Object.values(command.env)];
  if (texts.some((text) => text.includes("\0"))) {
    throw new AppError("E_INTERNAL", `step ${command.argv[0]}: an argument or variable holds a zero byte`);
  }
  for (const name of Object.keys(command.env)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new AppError("E_USAGE", `environment variable ${JSON.stringify(name)}: not a name that a shell can hold`);
    }
  }
}
