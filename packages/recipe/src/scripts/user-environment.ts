import { shellQuote } from "@repo2singularity/base";
import { imageLayout } from "./image-layout.ts";
import { pythonLines, type PythonSource } from "./install-server.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";

/** What is in every user environment, so that notebooks run and `pip` works as people expect. */
export const environmentRequirements: readonly string[] = ["pip", "ipykernel", "ipywidgets"];

/** What the user's environment is made of. */
export interface UserEnvironmentOptions {
  readonly python: PythonSource;
  /** Lines in the form of requirements.txt, added to {@link environmentRequirements}. */
  readonly requirements?: readonly string[];
  /** Requirements files, absolute or relative to `cwd`; they may refer to others beside them. */
  readonly requirementFiles?: readonly string[];
  /** Lines that hold versions down without asking for the package. */
  readonly constraints?: readonly string[];
  /** Further flags of `uv pip install`, such as `--prerelease=allow`. */
  readonly flags?: readonly string[];
  /** Where relative paths in them start. */
  readonly cwd?: string;
}

/** What the first install of a user's environment is made of. */
export interface NewEnvironmentOptions extends UserEnvironmentOptions {
  /**
   * Packages that are complete and pinned. They are installed first and by themselves; {@link environmentRequirements}
   * are then chosen to go with them.
   */
  readonly locked?: Pick<UserEnvironmentOptions, "requirements" | "constraints" | "flags">;
}

/** Where the versions of what is installed stand while a step runs. */
export const installedFile = "/tmp/installed.txt";

/** Words of a command line of uv and pip. With `--locked`, what stands there names the versions that the image is to have. */
export const lockWords = '${R2S_LOCK_PYTHON:+-c "$R2S_LOCK_PYTHON"}';

/**
 * The step that makes the user's environment and installs its packages in one resolution, so that the
 * packages every environment has never hold back what the repository asks for.
 */
export function userEnvironmentStep(options: NewEnvironmentOptions): RunStep {
  const { environment } = imageLayout;
  const { locked } = options;
  const freeze = `uv pip freeze --python ${environment}/bin/python >${installedFile}\n`;
  const script = [
    pythonLines(options.python),
    `uv venv --no-project --python "$python" ${environment}`,
    ...(locked === undefined
      ? [installLines(environmentRequirements, options)]
      : // A lock goes before the day that other packages are to be of.
        [
          installLines([], locked, "env -u UV_EXCLUDE_NEWER "),
          freeze + installLines(environmentRequirements, { flags: ["-c", installedFile] }),
        ]),
  ].join("\n");
  return createRunStep("Install the Python environment", script, {
    caches: ["uv"],
    network: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** The step that adds packages to the user's environment, for files that need the whole repository. */
export function userPackagesStep(title: string, options: Omit<UserEnvironmentOptions, "python">): RunStep {
  return createRunStep(title, installLines([], options), {
    caches: ["uv"],
    network: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** What one call of an installer installs. */
export type Packages = Omit<UserEnvironmentOptions, "python" | "cwd">;

/** Lines of sh that write the files of an install, and the words of a command line that name them. */
export function requirementFiles(
  own: readonly string[],
  options: Packages,
): { readonly files: string; readonly flags: readonly string[] } {
  const requirements = [...own, ...(options.requirements ?? [])];
  const constraints = options.constraints ?? [];
  const flags = [
    ...(options.flags ?? []),
    ...(options.requirementFiles ?? []).flatMap((file) => ["-r", file]),
    ...(requirements.length === 0 ? [] : ["-r", "/tmp/requirements.txt"]),
    ...(constraints.length === 0 ? [] : ["-c", "/tmp/constraints.txt"]),
  ];
  const files = [
    requirements.length === 0 ? "" : writeFileLines("/tmp/requirements.txt", requirements.join("\n")),
    constraints.length === 0 ? "" : writeFileLines("/tmp/constraints.txt", constraints.join("\n")),
  ];
  return { files: files.join("\n"), flags };
}

function installLines(own: readonly string[], options: Packages, before = ""): string {
  const { files, flags } = requirementFiles(own, options);
  return `${files}\n${before}uv pip install --python ${imageLayout.environment}/bin/python ${flags.map(shellQuote).join(" ")} ${lockWords}\n`;
}
