import { expect, test } from "vitest";
import { packageOfEntry } from "./package-of-entry.ts";

test("a distribution is known by its metadata folder, wherever its environment lies", () => {
  const path = "srv/conda/envs/notebook/lib/python3.12/site-packages/Jupyter_Server-2.14.dist-info";

  expect(packageOfEntry({ path, type: "directory" })).toEqual({
    manager: "python",
    name: "jupyter-server",
    version: "2.14",
    prefix: "/srv/conda/envs/notebook",
  });
});

test("a conda package is known by its record", () => {
  const path = "srv/conda/conda-meta/r-base-4.4.1-h1234_0.json";

  expect(packageOfEntry({ path, type: "file" })).toEqual({
    manager: "conda",
    name: "r-base",
    version: "4.4.1=h1234_0",
    prefix: "/srv/conda",
  });
});

test("the distribution's own modules and everything else are no packages", () => {
  const paths = ["usr/lib/python3/dist-packages/six-1.16.dist-info", "srv/env/lib/python3.13/site-packages/six.py"];

  expect(paths.map((path) => packageOfEntry({ path, type: "directory" }))).toEqual([undefined, undefined]);
});
