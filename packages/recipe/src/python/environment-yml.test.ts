import { describe, expect, test } from "vitest";
import { condaPythonRequest, parseEnvironmentYml } from "./environment-yml.ts";

const file = (text: string): { path: string; text: string } => ({ path: "environment.yml", text });

describe("environment.yml", () => {
  test("python and pip entries need no conda", () => {
    const text =
      "name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip=23\n  - pip:\n    - numpy>=1\n    - -r more.txt\nvariables:\n  A: 1\n";

    expect(parseEnvironmentYml(file(text))).toEqual({
      pythonSpec: "=3.11",
      pipLines: ["numpy>=1", "-r more.txt"],
      condaPackages: [],
      specs: ["python=3.11", "pip=23"],
      channels: ["conda-forge"],
      variables: { A: "1" },
    });
  });

  test("everything else does", () => {
    expect(parseEnvironmentYml(file("dependencies: [numpy, 'conda-forge::gdal=3', r-base]")).condaPackages).toEqual([
      "numpy",
      "conda-forge::gdal=3",
      "r-base",
    ]);
  });

  test.each(["", "{}", "dependencies:\n", "# nothing\n", "dependencies:\n- pip:\n"])("%j asks for nothing", (text) => {
    expect(parseEnvironmentYml(file(text))).toEqual({
      pipLines: [],
      condaPackages: [],
      specs: [],
      channels: [],
      variables: {},
    });
  });

  test("malformed YAML is told with line and column", () => {
    expect(() => parseEnvironmentYml(file("a: 1\ndependencies:\n  - x\n - y: [\n"))).toThrow(
      /^environment\.yml:\d+:\d+: /,
    );
  });

  test.each([
    "- a\n",
    "text",
    "dependencies: x",
    "dependencies: [1]",
    "dependencies:\n- conda: [x]",
    "dependencies:\n- pip: x",
    "variables: [x]",
    "variables: {PATH: /x}",
  ])("%j is refused", (text) =>
    expect(() => parseEnvironmentYml(file(text))).toThrow(expect.objectContaining({ code: "E_RECIPE_FILE_INVALID" })),
  );

  test("a bomb of aliases is refused", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh".replaceAll(/./g, (name, at: number) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefg"[at]}`).join(",")}]\n`)}`;

    expect(() => parseEnvironmentYml(file(bomb))).toThrow(expect.objectContaining({ code: "E_RECIPE_FILE_INVALID" }));
  });
});

describe("the python entry of conda", () => {
  test.each([
    ["", undefined],
    ["=*", undefined],
    ["=3.11", { version: "3.11" }],
    ["==3.9.7", { version: "3.9.7" }],
    ["=3.10.*", { version: "3.10" }],
    [" 3.9", { version: "3.9" }],
    ["=3.11.4=h955ad1f_0", { version: "3.11.4" }],
    [">=3.9", { specifier: ">=3.9" }],
    [" >=3.9, <3.12", { specifier: ">=3.9,<3.12" }],
    [">=3.9,=3.11", { specifier: ">=3.9,==3.11.*" }],
    ["[version='>=3.10']", { specifier: ">=3.10" }],
  ])("%j", (spec, expected) => {
    expect(condaPythonRequest(file(""), spec)).toEqual(expected);
  });

  test("other texts are refused", () => {
    expect(() => condaPythonRequest(file(""), "=three")).toThrow("environment.yml: ");
  });
});
