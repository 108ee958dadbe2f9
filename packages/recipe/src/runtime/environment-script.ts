import type { Recipe } from "@repo2singularity/contracts";
import { activationLines } from "../scripts/activation.ts";
import { imageLayout } from "../scripts/image-layout.ts";

/**
 * Variables of the host that would reach into the image's programs: packages, kernels, settings and libraries
 * of the host's own installations. Runtimes pass the whole environment unless told not to.
 */
export const leakingVariables: readonly string[] = `
  PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONEXECUTABLE PYTHONPLATLIBDIR
  PYTHONPYCACHEPREFIX PYTHONBREAKPOINT PYTHONWARNINGS PYTHONCASEOK PYTHONSAFEPATH CONDA_PREFIX
  CONDA_DEFAULT_ENV CONDA_EXE CONDA_PYTHON_EXE CONDA_SHLVL CONDA_PROMPT_MODIFIER MAMBA_EXE
  MAMBA_ROOT_PREFIX _CE_CONDA _CE_M PYENV_ROOT PYENV_VERSION PIP_USER PIP_TARGET PIP_PREFIX PIP_PYTHON
  PIP_REQUIRE_VIRTUALENV UV_PYTHON UV_PROJECT_ENVIRONMENT LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT
  JUPYTER_CONFIG_DIR JUPYTER_CONFIG_PATH JUPYTER_DATA_DIR JUPYTER_PATH JUPYTER_RUNTIME_DIR
  JUPYTERLAB_DIR JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR JUPYTER_PREFER_ENV_PATH
  JUPYTER_NO_CONFIG JUPYTER_PLATFORM_DIRS IPYTHONDIR MPLCONFIGDIR MPLBACKEND R_HOME R_LIBS R_LIBS_USER
  R_LIBS_SITE R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER JULIA_DEPOT_PATH JULIA_LOAD_PATH
  JULIA_PROJECT JULIA_BINDIR PERL5LIB PERL5OPT RUBYLIB RUBYOPT GEM_HOME GEM_PATH NODE_PATH
  NODE_OPTIONS BASH_ENV ENV XDG_DATA_DIRS XDG_CONFIG_DIRS R2S_SESSION R2S_SESSION_OWNER R2S_JOIN
  R2S_BUILD
`
  .trim()
  .split(/\s+/);

/** Whether the environment is one of conda or Nix, which have scripts of their own. */
function isActivated({ environment }: EnvironmentParts): boolean {
  return environment["CONDA_PREFIX"] !== undefined || environment["IN_NIX_SHELL"] !== undefined;
}

/** What of a recipe stands in the environment script. */
export type EnvironmentParts = Pick<Recipe, "environment" | "ownVariables" | "pathPrefix" | "startScript" | "command">;

/**
 * A word that sh and Apptainer's built-in shell read alike: that one keeps the backslash of the usual `'\\''`
 * in an `export`.
 */
function quoteForBoth(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

/**
 * Text for the environment script that every `run`, `exec` and `shell` of the image reads before its program:
 * guards against the host, sets the recipe's variables and PATH, and says what
 * a session runs. POSIX sh, writes nothing, starts no process.
 *
 * Apptainer hides the host's variables from this script and gives back those that it has not set, but takes empty
 * ones away. `R2S_USE_HOME=1` on the host switches the guard off, and what the user sets for the container by
 * name (`--env`, `APPTAINERENV_…`) is applied by the runtime later and wins.
 */
export function environmentScript(recipe: EnvironmentParts): string {
  const { environment, home } = imageLayout;
  const prefix = recipe.pathPrefix.join(":");
  const variables = Object.entries({ ...recipe.environment, ...recipe.ownVariables }).filter(
    ([name]) => name !== "PATH",
  );
  return [
    // Where Apptainer keeps the host's variables while this runs; other runtimes leave them in sight.
    'r2s_host="',
    "${__exported_env__-}",
    "R2S_USE_HOME=${R2S_USE_HOME-}",
    '"',
    'case "$r2s_host" in',
    '*"',
    "R2S_USE_HOME=1",
    '"*) ;;',
    `*) for r2s_name in ${leakingVariables.join(" ")}; do`,
    '    unset "$r2s_name"',
    '    case "$r2s_host" in *"',
    '$r2s_name="*) export "$r2s_name=" ;; esac',
    "  done",
    "  export PYTHONNOUSERSITE=1 JUPYTER_PREFER_ENV_PATH=1",
    `  export JUPYTER_CONFIG_DIR=${home}/.jupyter JUPYTER_DATA_DIR=${home}/.local/share/jupyter IPYTHONDIR=${home}/.ipython ;;`,
    "esac",
    "unset r2s_host r2s_name",
    ...variables.map(([name, value]) => `export ${name}=${quoteForBoth(value)}`),
    `case ":$PATH:" in *:${prefix}:*) ;; *) export PATH=${prefix}:"$PATH" ;; esac`,
    ...(isActivated(recipe) ? [activationLines.trimEnd()] : []),
    `export JUPYTER_PATH=${home}/.local/share/jupyter:${environment}/share/jupyter\${JUPYTER_PATH:+:$JUPYTER_PATH}`,
    // Empty rather than unset, for the same reason.
    `export R2D_ENTRYPOINT=${quoteForBoth(recipe.startScript ?? "")}`,
    `export R2S_COMMAND=${quoteForBoth(recipe.command.join("\n"))}`,
    "",
  ].join("\n");
}
