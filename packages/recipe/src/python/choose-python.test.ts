import type { BaseFacts } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { choosePython, type PythonRequest } from "./choose-python.ts";

const bases: Readonly<Record<string, BaseFacts>> = {
  bookworm: knownBaseFacts("debootstrap:bookworm")!,
  jammy: knownBaseFacts("docker://ubuntu:22.04")!,
  focal: knownBaseFacts("docker://ubuntu:20.04")!,
  image: knownBaseFacts("docker://python:3.12.4-slim-bookworm")!,
};

const ask = (request: Omit<PythonRequest, "from">): PythonRequest => ({ ...request, from: "runtime.txt" });

describe("where a Python comes from", () => {
  test.each<[string, string, PythonRequest | undefined, string, "path" | "standalone", readonly string[]]>([
    ["the distribution's python3 when nobody asks", "bookworm", undefined, "3.11", "path", ["python3"]],
    ["the base's own before the distribution's", "image", undefined, "3.12.4", "path", []],
    ["the distribution's when it is the one asked for", "image", ask({ version: "3.11" }), "3.11", "path", ["python3"]],
    ["a second version of the distribution", "jammy", ask({ version: "3.11" }), "3.11", "path", ["python3.11"]],
    ["a standalone build for the rest", "bookworm", ask({ version: "3.12" }), "3.12", "standalone", []],
    [
      "the very patch level, where it can be chosen",
      "bookworm",
      ask({ version: "3.12.4" }),
      "3.12.4",
      "standalone",
      [],
    ],
    ["another patch level, where it cannot", "bookworm", ask({ version: "3.11.1" }), "3.11", "path", ["python3"]],
    ["a bare 3 is any", "bookworm", ask({ version: "3" }), "3.11", "path", ["python3"]],
    ["a range takes the first source that fits", "bookworm", ask({ specifier: ">=3.9" }), "3.11", "path", ["python3"]],
    [
      "a range with a patch level does not refuse the line",
      "jammy",
      ask({ specifier: ">=3.10.4" }),
      "3.10",
      "path",
      ["python3"],
    ],
    [
      "a range beyond the distribution goes to the newest build",
      "bookworm",
      ask({ specifier: ">=3.12" }),
      "3.14",
      "standalone",
      [],
    ],
    ["a range with an end", "bookworm", ask({ specifier: ">=3.8,<3.9" }), "3.8", "standalone", []],
    ["a range of patch levels", "bookworm", ask({ specifier: "==3.12.*,<3.12.5" }), "3.12.4", "standalone", []],
    ["both a version and a range", "bookworm", ask({ version: "3.12", specifier: ">=3.10" }), "3.12", "standalone", []],
    ["never one too old for the server unasked", "focal", undefined, "3.9", "path", ["python3.9"]],
    ["but the old one when asked", "focal", ask({ version: "3.8" }), "3.8", "path", ["python3"]],
  ])("%s", (_name, base, request, version, kind, packages) => {
    expect(choosePython(bases[base]!, request)).toMatchObject({ version, packages, source: { kind } });
  });

  test.each(["2.7", "3.6", "3.99", "4.10"])(
    "Python %s cannot be had, and the error lists what was tried",
    (version) => {
      expect(() => choosePython(bases["bookworm"]!, ask({ version }))).toThrow(
        expect.objectContaining({
          code: "E_RECIPE_PYTHON_UNSUPPORTED",
          message: expect.stringMatching(
            /runtime\.txt asks for Python .*own \(none\).*\(3\.11\).*standalone builds \(3\.14/,
          ),
        }),
      );
    },
  );
});
