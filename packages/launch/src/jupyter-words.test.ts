import { expect, test } from "vitest";
import { jupyterWords } from "./jupyter-words.ts";

const own = (
  entrypoint: readonly string[],
  cmd: readonly string[],
): { entrypoint: readonly string[]; cmd: readonly string[] } => ({ entrypoint, cmd });

test.each([
  ["ours", undefined, ["jupyter", "lab"]],
  [
    "repo2docker's",
    own(["/usr/local/bin/repo2docker-entrypoint"], ["jupyter", "notebook", "--ip", "0.0.0.0"]),
    ["jupyter", "notebook"],
  ],
  ["one with Jupyter as its entrypoint", own(["tini", "--", "jupyter", "lab"], []), []],
  ["one in shell form", own([], ["/bin/sh", "-c", "jupyter lab --ip=0.0.0.0"]), ["jupyter", "lab"]],
  ["one by its path", own([], ["/opt/conda/bin/jupyter-server", "--port=1"]), ["jupyter", "server"]],
  ["another server", own(["nginx"], ["-g", "daemon off;"]), undefined],
  ["nothing", own([], []), undefined],
  ["a program that only looks like it", own([], ["myjupyter", "lab"]), undefined],
])("the server of an image that runs %s", (_name, command, words) => {
  expect(jupyterWords(command)).toEqual(words);
});
