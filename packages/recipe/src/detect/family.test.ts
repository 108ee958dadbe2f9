import { describe, expect, test } from "vitest";
import { memoryTree } from "../tree/repo-tree.ts";
import { findConfigDirectory } from "./config-directory.ts";
import { findFamily, type Family } from "./family.ts";

type Files = Readonly<Record<string, string>>;

function familyOf(files: Files): { readonly family: Family; readonly file?: string } {
  const tree = memoryTree(files);
  const { family, file } = findFamily(tree, findConfigDirectory(tree));
  return { family, ...(file === undefined ? {} : { file }) };
}

const package_ = '[project]\nname = "x"\n[build-system]\nrequires = []\n';

describe("the family of a repository", () => {
  test.each<[string, Files, Family, string | undefined]>([
    ["nothing is the default Python", { "README.md": "" }, "python", undefined],
    [
      "a Dockerfile goes before everything",
      { Dockerfile: "", "environment.yml": "", "Project.toml": "" },
      "dockerfile",
      "Dockerfile",
    ],
    [
      "JuliaProject.toml goes before Project.toml",
      { "JuliaProject.toml": "", "Project.toml": "" },
      "julia",
      "JuliaProject.toml",
    ],
    ["REQUIRE is Julia of old", { REQUIRE: "", "environment.yml": "" }, "julia", "REQUIRE"],
    ["Julia goes before Nix", { "Project.toml": "", "default.nix": "" }, "julia", "Project.toml"],
    ["Nix goes before R", { DESCRIPTION: "", "default.nix": "" }, "nix", "default.nix"],
    ["R goes before conda", { DESCRIPTION: "", "environment.yml": "" }, "r", "DESCRIPTION"],
    ["runtime.txt chooses R", { "runtime.txt": "r-4.4-2025-01-31", "environment.yml": "" }, "r", "runtime.txt"],
    ["R without a date is R too", { "runtime.txt": "r-4.4" }, "r", "runtime.txt"],
    ["install.R alone is not R", { "install.R": "", "requirements.txt": "" }, "python", "requirements.txt"],
    ["conda goes before Pipfile", { "environment.yml": "", Pipfile: "" }, "conda", "environment.yml"],
    ["environment.yaml will do", { "environment.yaml": "" }, "conda", "environment.yaml"],
    [
      "environment.yml goes before environment.yaml",
      { "environment.yml": "", "environment.yaml": "" },
      "conda",
      "environment.yml",
    ],
    ["Pipfile goes before requirements.txt", { Pipfile: "", "requirements.txt": "" }, "pipfile", "Pipfile"],
    ["a lock alone is a Pipfile", { "Pipfile.lock": "{}" }, "pipfile", "Pipfile.lock"],
    ["Pipfile goes before setup.py", { Pipfile: "", "setup.py": "" }, "pipfile", "Pipfile"],
    ["runtime.txt of Python keeps Pipfile", { Pipfile: "", "runtime.txt": "python-3.12" }, "pipfile", "Pipfile"],
    ["setup.py goes before requirements.txt", { "setup.py": "", "requirements.txt": "" }, "python", "setup.py"],
    [
      "a pyproject.toml with both tables is a package",
      { "pyproject.toml": package_, "requirements.txt": "" },
      "python",
      "pyproject.toml",
    ],
    ["a pyproject.toml of tools is none", { "pyproject.toml": "[tool.ruff]\n" }, "python", undefined],
    [
      "another runtime is passed over",
      { "runtime.txt": "nodejs-18", "requirements.txt": "" },
      "python",
      "requirements.txt",
    ],
    ["a definition file alone is one", { Singularity: "Bootstrap: docker\n" }, "definition", "Singularity"],
    [
      "a definition file yields to requirements.txt",
      { "apptainer.def": "", "requirements.txt": "" },
      "python",
      "requirements.txt",
    ],
    [
      "an empty binder/ switches the root off",
      { "binder/": "", Dockerfile: "", "environment.yml": "" },
      "python",
      undefined,
    ],
    ["binder/ has its own files", { "binder/environment.yml": "", Dockerfile: "" }, "conda", "binder/environment.yml"],
    [".binder/ does too", { ".binder/Dockerfile": "" }, "dockerfile", ".binder/Dockerfile"],
    [
      "setup.py counts only without a configuration folder",
      { ".binder/requirements.txt": "", "setup.py": "" },
      "python",
      ".binder/requirements.txt",
    ],
    ["DESCRIPTION counts only without a configuration folder", { "binder/": "", DESCRIPTION: "" }, "python", undefined],
  ])("%s", (_name, files, family, file) => {
    expect(familyOf(files)).toEqual({ family, ...(file === undefined ? {} : { file }) });
  });

  test("a runtime.txt that cannot be read does not stop a conda repository", () => {
    expect(familyOf({ "runtime.txt": "3.8", "environment.yml": "" }).family).toBe("conda");
    expect(familyOf({ "runtime.txt": "python-x-y", "environment.yml": "" }).family).toBe("conda");
  });

  test("both configuration folders are an error", () => {
    expect(() => familyOf({ "binder/": "", ".binder/": "" })).toThrow(
      expect.objectContaining({ code: "E_RECIPE_BOTH_CONFIG_DIRS" }),
    );
  });

  test("a file called binder is no configuration folder", () => {
    expect(familyOf({ binder: "", "environment.yml": "" }).family).toBe("conda");
  });
});
