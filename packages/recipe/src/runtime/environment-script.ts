import { shellQuote } from "@repo2singularity/base";
import type { Recipe } from "@repo2singularity/contracts";
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

/**
 * Text of the script that every `run`, `exec` and `shell` of the image reads before its program: guards
 * against the host, then the recipe's variables. POSIX sh, writes nothing, starts no process.
 *
 * `R2S_USE_HOME=1` switches the guard off. What the user sets for the container by name (`--env`,
 * `APPTAINERENV_…`) is applied by the runtime after this script and wins.
 */
export function environmentScript(
  recipe: Pick<Recipe, "environment" | "pathPrefix" | "startScript" | "command">,
): string {
  const { environment, home } = imageLayout;
  const prefix = recipe.pathPrefix.join(":");
  const variables = Object.entries(recipe.environment).filter(([name]) => name !== "PATH");
  return [
    'if [ "${R2S_USE_HOME-}" != 1 ]; then',
    `  unset ${leakingVariables.join(" ")}`,
    "  export PYTHONNOUSERSITE=1 JUPYTER_PREFER_ENV_PATH=1",
    `  export JUPYTER_CONFIG_DIR=${home}/.jupyter JUPYTER_DATA_DIR=${home}/.local/share/jupyter IPYTHONDIR=${home}/.ipython`,
    "fi",
    // The host's runtime folder and shell need not exist in here.
    '[ -d "${XDG_RUNTIME_DIR-/}" ] || unset XDG_RUNTIME_DIR',
    '[ -d "${TMPDIR-/}" ] || unset TMPDIR',
    "if [ -x /bin/bash ]; then export SHELL=/bin/bash; else export SHELL=/bin/sh; fi",
    ...variables.map(([name, value]) => `export ${name}=${shellQuote(value)}`),
    `export JUPYTER_PATH=${home}/.local/share/jupyter:${environment}/share/jupyter\${JUPYTER_PATH:+:$JUPYTER_PATH}`,
    `case ":$PATH:" in *:${prefix}:*) ;; *) export PATH=${prefix}:"$PATH" ;; esac`,
    recipe.startScript === undefined
      ? "unset R2D_ENTRYPOINT"
      : `export R2D_ENTRYPOINT=${shellQuote(recipe.startScript)}`,
    `export R2S_COMMAND=${shellQuote(recipe.command.join("\n"))}`,
    "",
  ].join("\n");
}
