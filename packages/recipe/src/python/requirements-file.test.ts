import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryTree } from "../tree/repo-tree.ts";
import { readRequirements, type RequirementSet } from "./requirements-file.ts";

function read(text: string, others: Readonly<Record<string, string>> = {}): RequirementSet {
  const path = "requirements.txt";
  return readRequirements(memoryTree({ [path]: text, ...others }), { path, text });
}

describe("lines that pip takes", () => {
  test.each([
    ["a name", "numpy", ["numpy"]],
    ["spaces and a comment", "  numpy == 1.26 # why\n#no\n", ["numpy== 1.26"]],
    [
      "a fragment is no comment",
      "x @ https://example.org/x.zip#sha256=00",
      ["x @ https://example.org/x.zip#sha256=00"],
    ],
    ["extras", "uvicorn[standard, http2] >=0.20,<1", ["uvicorn[standard,http2]>=0.20,<1"]],
    ["parentheses", "numpy (>=1.2)", ["numpy>=1.2"]],
    ["a marker", 'pywin32 ; sys_platform == "win32"', ['pywin32 ; sys_platform == "win32"']],
    ["a continuation", "numpy \\\n  ==1.26", ["numpy==1.26"]],
    ["a comment ends a continuation", "numpy \\\n# note\n==1", undefined],
    [
      "hashes over lines",
      "six==1.16.0 \\\n    --hash=sha256:aa \\\n    --hash sha256:bb",
      ["six==1.16.0 --hash=sha256:aa --hash=sha256:bb"],
    ],
    ["arbitrary equality", "x===1.0-anything", ["x===1.0-anything"]],
    ["wildcards and ~=", "a==1.*\nb~=2.1", ["a==1.*", "b~=2.1"]],
    ["Windows line ends and a byte order mark", "\uFEFFsix\r\npytz\r\n", ["six", "pytz"]],
    ["a VCS address", "git+https://github.com/a/b.git@v1#egg=b", ["git+https://github.com/a/b.git@v1#egg=b"]],
    ["an editable VCS address", "-e git+https://github.com/a/b#egg=b", ["-e git+https://github.com/a/b#egg=b"]],
    ["a wheel's address", "https://example.org/x-1-py3-none-any.whl", ["https://example.org/x-1-py3-none-any.whl"]],
    [
      "index options in every spelling",
      "-i https://a/\n--extra-index-url=https://b/\n--no-index",
      ["--index-url https://a/", "--extra-index-url https://b/", "--no-index"],
    ],
    ["binary options", "--only-binary :all:", ["--only-binary :all:"]],
    [
      "a URL with a marker",
      'x @ https://e/x.whl ; python_version > "3"',
      ['x @ https://e/x.whl ; python_version > "3"'],
    ],
  ])("%s", (_name, text, expected) => {
    if (expected === undefined)
      expect(() => read(text)).toThrow(expect.objectContaining({ code: "E_RECIPE_FILE_INVALID" }));
    else expect(read(text).lines).toEqual(expected);
  });

  test("options that uv takes on its command line become flags", () => {
    const set = read('--pre\n--trusted-host pypi.local\n--require-hashes\nx --config-settings="a=b"\n');

    expect(set.flags).toEqual([
      "--prerelease=allow",
      "--allow-insecure-host=pypi.local",
      "--require-hashes",
      "--config-settings-package=x:a=b",
    ]);
    expect(set.lines).toEqual(["x"]);
  });

  test("options without a meaning here are told", () => {
    expect(read("--prefer-binary\n--use-feature=fast-deps\n").ignoredOptions).toEqual([
      "--prefer-binary",
      "--use-feature",
    ]);
  });
});

describe("lines that pip refuses name file and line", () => {
  test.each([
    "numpy==",
    "numpy=1.0",
    "==1.0",
    "numpy >>1",
    "--index-url",
    "--process-dependency-links",
    "x[a b]",
    "x ;",
    "x @",
    "x --global-option=y",
    "pytz>2004d",
  ])("%j", (line) => {
    expect(() => read(`six\n\n${line}\n`)).toThrow(/^requirements\.txt:3: /);
  });
});

describe("local references", () => {
  test.each([
    "-e .",
    ".",
    "..",
    "./pkg",
    "subdir/pkg",
    "dist/x-1.whl",
    "x-1.tar.gz",
    "file:///srv/x",
    "x @ file:./y",
    ".[test]",
    "-f ./wheels",
    "--find-links=wheels",
    "--no-index -f wheels",
  ])("%j waits for the repository", (line) => expect(read(`${line}\n`).hasLocalReference).toBe(true));

  test.each([
    "numpy",
    "git+https://h/a/b",
    "git+ssh://git@h/a/b.git",
    "https://h/x.whl",
    "-f https://h/wheels",
    "--pre",
    "x @ https://h/a/b.whl",
    "--index-url https://h/a/b",
  ])("%j does not", (line) => expect(read(`${line}\n`).hasLocalReference).toBe(false));
});

describe("included files", () => {
  test("are put in place, relative to the file that includes them", () => {
    const set = read("six\n-r reqs/base.txt\n", {
      "reqs/base.txt": "numpy\n-r more.txt\n--constraint ../pins.txt",
      "reqs/more.txt": "pandas",
      "pins.txt": "pandas<3",
    });

    expect(set.lines).toEqual(["six", "numpy", "pandas"]);
    expect(set.constraints).toEqual(["pandas<3"]);
    expect(set.files).toEqual(["requirements.txt", "reqs/base.txt", "reqs/more.txt", "pins.txt"]);
    expect(set.hasLocalReference).toBe(false);
  });

  test("may include each other", () => {
    expect(read("-r b.txt\nsix", { "b.txt": "-r requirements.txt\nnumpy" }).lines).toEqual(["numpy", "six"]);
  });

  test("that are missing or outside are refused", () => {
    expect(() => read("-r gone.txt")).toThrow('requirements.txt:1: "gone.txt" is included and not in the repository');
    expect(() => read("-r ../x.txt")).toThrow("leads out of the repository");
    expect(() => read("-c /etc/passwd")).toThrow("leads out of the repository");
  });

  test("on the web are left to uv", () => {
    expect(read("-r https://h/r.txt\n-c https://h/c.txt")).toMatchObject({
      lines: ["-r https://h/r.txt"],
      constraints: ["-c https://h/c.txt"],
    });
  });
});

test("find-links of a folder in the repository is looked for beside the file", () => {
  const path = "binder/requirements.txt";
  const text = "-f wheels\n";
  const tree = memoryTree({ [path]: text, "binder/wheels/x.whl": "" });

  expect(readRequirements(tree, { path, text }).flags).toEqual(["--find-links=./binder/wheels"]);
});

test("any text is read or refused with a coded error", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("ab1[]@;#-=<>~!,./\\:\"' \n\r\t")), maxLength: 60 }),
      (text) => {
        try {
          for (const line of read(text).lines) expect(line).not.toMatch(/[\n\r]/);
        } catch (error) {
          expect(error).toMatchObject({ code: "E_RECIPE_FILE_INVALID" });
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("what was read reads the same again", () => {
  const text =
    'a[x]>=1 ; python_version>"3"\nb @ https://h/b.whl\n-e git+https://h/c#egg=c\n--index-url https://i/\nd==1 --hash=sha256:aa\n';
  const once = read(text).lines;

  expect(read(once.join("\n")).lines).toEqual(once);
});
