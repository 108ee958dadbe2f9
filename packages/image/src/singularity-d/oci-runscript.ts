import { shellQuote } from "@repo2singularity/base";

/**
 * A runscript that does what a container engine does with an OCI image's Entrypoint and Cmd: arguments of the user
 * replace Cmd and follow Entrypoint. With neither, the arguments are the command, and without any a shell starts.
 *
 * Nothing is evaluated a second time by a shell: that is Apptainer's `--no-eval` (and Docker's) behaviour.
 * Apptainer's default expands `$NAME` in Cmd, Entrypoint and the user's arguments, which breaks quoting.
 */
export function ociRunscript(config: {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}): string {
  const entrypoint = config.entrypoint.map((word) => shellQuote(word)).join(" ");
  const cmd = config.cmd.map((word) => shellQuote(word)).join(" ");
  const byDefault = cmd === "" ? (entrypoint === "" ? "/bin/sh" : "") : cmd;
  const defaults = byDefault === "" ? "" : `if [ $# -eq 0 ]; then set -- ${byDefault}; fi\n`;
  return `#!/bin/sh\n${defaults}exec ${entrypoint === "" ? "" : `${entrypoint} `}"$@"\n`;
}
