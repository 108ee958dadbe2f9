import type { ImageRuntime, SessionCommand, SessionPlan } from "./port.ts";

/** Creates the runtime over an installed Apptainer or SingularityCE. */
export function createApptainerRuntime(options: {
  readonly program: "apptainer" | "singularity";
  /** Absolute path of the program. */
  readonly path: string;
  readonly isRoot: boolean;
  /** Whether a user namespace is asked for; root without all capabilities (in a container) gets no other. */
  readonly inUserNamespace: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): ImageRuntime {
  const prefix = options.program === "apptainer" ? "APPTAINERENV_" : "SINGULARITYENV_";
  const userns = options.inUserNamespace ? ["--userns"] : [];
  return {
    name: options.program,
    runsAsRoot: options.isRoot,
    handsInDrivers: true,
    prepare: async (plan: SessionPlan): Promise<SessionCommand> => ({
      file: options.path,
      args: [
        "--quiet",
        "run",
        ...userns,
        ...gpuFlags(plan),
        ...plan.binds.flatMap(formatBind),
        plan.imagePath,
        ...plan.command,
      ],
      env: {
        ...definedVariables(options.env),
        // Not by --env: the arguments of a program can be read by everybody on the machine.
        ...Object.fromEntries(Object.entries(plan.env).map(([name, value]) => [`${prefix}${name}`, value])),
      },
    }),
  };
}

/** Source: apptainer(1), "GPU support" */
function gpuFlags({ gpu }: SessionPlan): readonly string[] {
  if (gpu === undefined) return [];
  return [gpu === "cuda" ? "--nv" : "--rocm"];
}

function formatBind(bind: { source: string; target: string; isReadOnly: boolean }): string[] {
  return ["--bind", `${bind.source}:${bind.target}:${bind.isReadOnly ? "ro" : "rw"}`];
}

function definedVariables(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const pairs = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(pairs);
}
