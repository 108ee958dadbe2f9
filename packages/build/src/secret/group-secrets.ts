import type { StepGroup, StepMount } from "@repo2singularity/contracts";
import { isCommon } from "../pipeline/group-key.ts";
import type { BuildSecrets } from "./build-secrets.ts";

/** Where secrets lie in a step, as under container engines. */
const secretsFolder = "/run/secrets";

/**
 * The secrets that a group of our own recipes sees: all, as `/run/secrets/ID`, and as a variable where the id is the name
 * of one in capitals. Common groups, and those that install no packages and run nothing of the repository see none.
 */
export function groupSecrets(
  { name, steps }: StepGroup,
  secrets: BuildSecrets,
): readonly Extract<StepMount, { kind: "secret" }>[] {
  if (isCommon(name) || !steps.some((step) => step.kind === "run" && step.network)) return [];
  return [...secrets.keys()].map((id) => ({
    kind: "secret",
    id,
    target: `${secretsFolder}/${id}`,
    isRequired: false,
    ...(/^[A-Z][A-Z0-9_]*$/.test(id) ? { variable: id } : {}),
  }));
}

/**
 * Variables by which clients use the secret with the id `netrc`: uv, pip's library and curl look for a variable, git is
 * given a credential helper. git never asks on a terminal.
 */
export function netrcVariables(secrets: BuildSecrets): Readonly<Record<string, string>> {
  if (!secrets.has("netrc")) return {};
  return {
    NETRC: `${secretsFolder}/netrc`,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "credential.helper",
    GIT_CONFIG_VALUE_0: gitHelper,
  };
}

/**
 * A credential helper of git that reads the file of $NETRC; sh alone, because nothing else is in every base.
 * Source: gitcredentials(7), git-credential(1), netrc(5)
 */
const gitHelper = `!f() {
  [ "$1" = get ] || return 0
  while IFS== read -r key value; do [ "$key" != host ] || host=\${value%%:*}; done
  set -f
  set -- $(cat "$NETRC")
  while [ $# -gt 0 ]; do
    case $1 in
      machine) machine=$2; shift ;;
      default) machine=$host ;;
      login) [ "$machine" != "$host" ] || echo "username=$2"; shift ;;
      password) [ "$machine" != "$host" ] || { echo "password=$2"; return 0; }; shift ;;
    esac
    shift
  done
}; f`;
