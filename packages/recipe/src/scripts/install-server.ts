import { shellQuote } from "@repo2singularity/base";
import type { Step } from "@repo2singularity/contracts";
import { nodeLock, serverLock } from "../lock/server-lock.ts";
import { runtimeFileSteps } from "../runtime/runtime-files.ts";
import { imageLayout } from "./image-layout.ts";
import { createRunStep, writeFileLines } from "./run-step.ts";

/**
 * Which interpreter an environment stands on: one that is in the image, or a standalone build that uv
 * fetches for a version such as `3.12`.
 */
export type PythonSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "standalone"; readonly version: string };

/**
 * Lines of sh that set `python` to the interpreter's path, fetching it where it must be.
 * Source: `uv python install`, whose mirror the host's settings may name.
 */
export function pythonLines(source: PythonSource): string {
  if (source.kind === "path") return `python=${shellQuote(source.path)}\n`;
  const version = shellQuote(source.version);
  return [
    `export UV_PYTHON_INSTALL_DIR=${imageLayout.pythons}`,
    `uv python install --no-bin ${version} --python-downloads manual || {`,
    `  echo "Python "${version}" is neither in the base nor a package of its distribution, and its standalone build could not be fetched" >&2`,
    "  exit 1",
    "}",
    `python=$(uv python find --managed-python ${version})`,
    // The lock file and the short-version link's target order are uv's own business, not the image's.
    `rm -rf ${imageLayout.pythons}/.lock ${imageLayout.pythons}/.temp ${imageLayout.pythons}/.gitignore`,
    "",
  ].join("\n");
}

/**
 * The steps of the `server` group: the Jupyter server in an environment of its own, our programs and the
 * wrappers on PATH. They depend on nothing of the repository, so that all images of a base share the layer.
 * @param options.needsNode whether postBuild, start or the requirements call node or npm
 */
export function serverSteps(options: { readonly python: PythonSource; readonly needsNode: boolean }): Step[] {
  const requirements = serverLock + (options.needsNode ? nodeLock : "");
  const { server, npm, home, bin, repo, oldNotebooks } = imageLayout;
  const script = [
    pythonLines(options.python),
    `mkdir -p ${npm} ${home} ${bin} ${repo} ${oldNotebooks.slice(0, oldNotebooks.lastIndexOf("/"))}`,
    `ln -sfn ${repo} ${oldNotebooks}`,
    writeFileLines("/tmp/requirements.txt", requirements),
    `uv venv --no-project --python "$python" ${server}`,
    `uv pip install --python ${server}/bin/python --require-hashes --no-deps -r /tmp/requirements.txt`,
    "",
  ].join("\n");
  return [
    createRunStep("Install the Jupyter server", script, { caches: ["uv"], network: true }),
    ...runtimeFileSteps(),
  ];
}
