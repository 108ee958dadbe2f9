import { condaProgram } from "../conda/conda-program.ts";
import type { CondaRequest } from "../conda/conda-request.ts";
import { rattlerLock } from "../lock/rattler-lock.ts";
import { shellQuote } from "@repo2singularity/base";
import { activationLines } from "./activation.ts";
import { buildMounts, imageLayout } from "./image-layout.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";
import { installedFile, lockWords, requirementFiles, type Packages } from "./user-environment.ts";

/**
 * The step that makes the user's environment of conda packages. The installer comes from the Python index with its
 * hash, runs on the server's Python and is gone with the step.
 */
export function condaEnvironmentStep(request: CondaRequest, subdir: string): RunStep {
  const { environment, server } = imageLayout;
  const script = [
    writeFileLines("/tmp/rattler.txt", rattlerLock).trimEnd(),
    // It is pinned by its hash, whatever day the packages are to be of.
    `env -u UV_EXCLUDE_NEWER uv pip install --quiet --python ${server}/bin/python --target /tmp/rattler --require-hashes --no-deps -r /tmp/rattler.txt`,
    writeFileLines(
      "/tmp/conda.json",
      JSON.stringify({ prefix: environment, subdir, ...request }, undefined, 1),
    ).trimEnd(),
    writeFileLines("/tmp/r2s-conda.py", condaProgram).trimEnd(),
    `cache=${buildMounts.condaCache}; [ -d "$cache" ] && [ -w "$cache" ] || cache=/tmp/conda`,
    `${server}/bin/python -I /tmp/r2s-conda.py /tmp/rattler "$cache" /tmp/conda.json`,
    "",
  ].join("\n");
  return createRunStep("Install the conda environment", script, { caches: ["uv", "conda"], network: true });
}

/**
 * The step that adds packages of a Python index to a conda environment: with uv, or with the environment's own pip for
 * Pythons that uv no longer knows.
 * @param options.keepsInstalled whether what is there stays as it is
 */
export function condaPipStep(
  title: string,
  options: Packages & { readonly cwd?: string; readonly keepsInstalled?: boolean },
): RunStep {
  const python = `${imageLayout.environment}/bin/python`;
  const { files, flags } = requirementFiles([], options);
  const own = flags.filter((flag, index) => /^-[rc]$/.test(flag) || /^-[rc]$/.test(flags[index - 1] ?? ""));
  const keep = options.keepsInstalled === true;
  const script = [
    activationLines.trimEnd(),
    files,
    `if ${python} -c 'import sys; sys.exit(sys.version_info < (3, 8))'; then`,
    ...(keep ? [`  uv pip freeze --python ${python} >${installedFile}`] : []),
    `  uv pip install --python ${python} --break-system-packages ${[...flags, ...(keep ? ["-c", installedFile] : [])].map(shellQuote).join(" ")} ${lockWords}`,
    "else",
    `  ${python} -m pip install ${own.map(shellQuote).join(" ")} ${lockWords}`,
    "fi",
    "",
  ].join("\n");
  return createRunStep(title, script, {
    caches: ["uv"],
    network: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}
