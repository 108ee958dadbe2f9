/** A synthetic repository: path to text; a path that ends in "/" is an empty folder. */
export interface Shape {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A valid, small text for every file that decides something. */
const sample: Readonly<Record<string, string>> = {
  Dockerfile: "FROM debian:13\n",
  "JuliaProject.toml": '[compat]\njulia = "1.10"\n',
  "Project.toml": '[compat]\njulia = "1.10"\n',
  REQUIRE: "julia 0.6\n",
  "default.nix": "{}\n",
  DESCRIPTION: "Package: sample\nVersion: 1.0\n",
  "environment.yml": "dependencies:\n  - python=3.11\n  - pip:\n      - marker-package\n",
  "environment.yaml": "dependencies:\n  - python=3.12\n",
  Pipfile: '[packages]\nmarker-package = "*"\n[requires]\npython_version = "3.11"\n',
  "Pipfile.lock": '{"_meta": {"requires": {"python_version": "3.12"}, "sources": []}, "default": {}, "develop": {}}\n',
  "requirements.txt": "marker-package\n",
  "setup.py": "from setuptools import setup\nsetup(name='sample')\n",
  "pyproject.toml":
    '[project]\nname = "sample"\nversion = "1"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
  "runtime.txt": "python-3.12\n",
  "apt.txt": "tree\n# a comment\nsl\n",
  postBuild: "#!/bin/sh\ntrue\n",
  start: '#!/bin/sh\nexec "$@"\n',
  "install.R": "install.packages('x')\n",
};

const deciding = Object.keys(sample);

function pick(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, sample[name] ?? ""]));
}

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}

/** Every file alone: in the root, in each configuration folder, and switched off by an empty one. */
function aloneShapes(): Shape[] {
  return deciding.flatMap((name) => [
    { name: `${name} alone`, files: pick(name) },
    { name: `binder/${name}`, files: inFolder("binder", pick(name)) },
    { name: `.binder/${name}`, files: inFolder(".binder", pick(name)) },
    { name: `${name} beside an empty binder/`, files: { ...pick(name), "binder/": "" } },
  ]);
}

/** Every two files that choose a family: who goes first. */
function pairShapes(): Shape[] {
  const choosing = deciding.filter((name) => !["apt.txt", "postBuild", "start", "install.R"].includes(name));
  return choosing.flatMap((first, index) =>
    choosing.slice(index + 1).map((second) => ({ name: `${first} with ${second}`, files: pick(first, second) })),
  );
}

function textShapes(path: string, texts: readonly string[], beside: Readonly<Record<string, string>> = {}): Shape[] {
  const others = Object.keys(beside).map((name) => ` with ${name}`);
  return texts.map((text) => ({
    name: `${path}: ${JSON.stringify(text)}${others.join("")}`,
    files: { [path]: text, ...beside },
  }));
}

const runtimeTexts = [
  "python-3.8",
  "python-3.9",
  "python-3.13\n",
  "python-3",
  "python-3.99",
  "python-3.11.4",
  "python-3.11-2024-05-01",
  "python-2024-05-01",
  "python-3.11-2024-13-01",
  "python-3.11-24-05-01",
  "nodejs-18",
  "3.11",
  "",
  "python3.11",
  "python-",
  "r-4.4",
  "r-4.4-2024-05-01",
  "r-2024-05-01",
];

const condaPythons = [
  "python=3.11",
  "python==3.12.1",
  "python=3.10.*",
  "python=3",
  "python>=3.9",
  "python 3.9",
  "conda-forge::python=3.12",
  "python=*",
  "python",
];

function condaShapes(): Shape[] {
  const files = condaPythons.map((spec) => `dependencies:\n  - ${spec}\n`);
  const others = ["", "name: only\n", "dependencies:\n  - numpy\n", "- a list\n", "dependencies: [", "a: b: c\n"];
  return textShapes("environment.yml", [...files, ...others]);
}

function requiresPythonShapes(): Shape[] {
  const texts = [">=3.8", ">=3.12", ">=3.10.4", "==3.11.*", "<3.10", ">=3.9,<3.12", "~=3.9", ">=4", "not a range"];
  const tables = texts.map((range) => `[project]\nname = "x"\nversion = "1"\nrequires-python = "${range}"\n`);
  return [
    ...textShapes("pyproject.toml", tables, pick("requirements.txt")),
    ...textShapes("pyproject.toml", tables.slice(0, 5), { "runtime.txt": "python-3.9" }),
  ];
}

function pipfileShapes(): Shape[] {
  const requires = ['python_version = "3.9"', 'python_full_version = "3.12.1"', 'python_version = "3"', ""];
  return textShapes(
    "Pipfile",
    requires.map((line) => `[packages]\n[requires]\n${line}\n`),
  );
}

/** A specifier of each kind, and a manifest that says what its author had. */
function juliaShapes(): Shape[] {
  const specifiers = "1 1.6 1.6.7 ^1.7 ~1 ~1.6 ~1.6.2 =1.6.7 =1.6 <1.7 <=1.6.7 >1.7 >=1.9 0.7 2 1.6-".split(" ");
  const texts = [...specifiers, "≥ 1.10", "≤ 1.9.4", "1.6, 1.7", "1.6 - 1.9", "latest"];
  const projects = texts.map((text) => `[compat]\njulia = "${text}"\n`);
  return [
    ...textShapes("Project.toml", [...projects, "", "[deps]\n", '[compat]\nExample = "0.5"\n', "[compat\n"]),
    ...textShapes("Project.toml", ['[compat]\njulia = "1.6"\n'], { "Manifest.toml": 'julia_version = "1.9.4"\n' }),
    ...textShapes("Project.toml", ['[compat]\njulia = "~1.6"\n'], { "Manifest.toml": "" }),
    ...textShapes("binder/Project.toml", ['[compat]\njulia = "~1.6"\n'], { "Project.toml": "" }),
    ...textShapes("Project.toml", ["[deps]\n"], pick("environment.yml", "apt.txt")),
    ...textShapes("Project.toml", ["[deps]\n"], pick("runtime.txt", "setup.py")),
  ];
}

function aptShapes(): Shape[] {
  const texts = [
    "",
    "# only a comment\n",
    "tree sl\n",
    "  tree  \n\nsl # why\n",
    "tree\r\nsl\r\n",
    "libc6:amd64\n",
    "tree=2.1-1\n",
  ];
  const hostile = ["tree; id\n", "tree && id\n", "$(id)\n", "--allow-unauthenticated\n", "Tree\n", "../x\n"];
  return textShapes("apt.txt", [...texts, ...hostile]);
}

function combinedShapes(): Shape[] {
  const everything = pick("requirements.txt", "apt.txt", "postBuild", "start", "runtime.txt");
  return [
    { name: "an empty repository", files: { "README.md": "" } },
    { name: "both configuration folders", files: { "binder/": "", ".binder/": "" } },
    { name: "binder as a file", files: { binder: "", ...pick("requirements.txt") } },
    { name: "all files of Python", files: everything },
    { name: "all files of Python in binder/", files: inFolder("binder", everything) },
    {
      name: "requirements in the root, postBuild in binder/",
      files: { ...pick("requirements.txt"), ...inFolder("binder", pick("postBuild")) },
    },
    { name: "a package with requirements", files: pick("setup.py", "requirements.txt", "apt.txt") },
    {
      name: "a package beside binder/requirements.txt",
      files: { ...pick("setup.py", "pyproject.toml"), ...inFolder("binder", pick("requirements.txt")) },
    },
    {
      name: "pyproject.toml without a build system",
      files: { "pyproject.toml": '[project]\nname = "x"\n', ...pick("requirements.txt") },
    },
    { name: "pyproject.toml of tools alone", files: { "pyproject.toml": "[tool.ruff]\n" } },
    { name: "malformed pyproject.toml", files: { "pyproject.toml": "[project\n" } },
    { name: "requirements with a byte order mark", files: { "requirements.txt": "\u{FEFF}marker-package\n" } },
    { name: "empty requirements", files: { "requirements.txt": "" } },
    { name: "a folder named requirements.txt", files: { "requirements.txt/x": "" } },
    { name: "conda with apt.txt and scripts", files: pick("environment.yml", "apt.txt", "postBuild", "start") },
    { name: "an old Dockerfile of Binder", files: { Dockerfile: "FROM andrewosh/binder-base\n" } },
    { name: "a broken runtime.txt beside conda", files: { "runtime.txt": "3.8", ...pick("environment.yml") } },
    { name: "runtime.txt of R beside conda", files: { "runtime.txt": "r-4.4-2024-05-01", ...pick("environment.yml") } },
    { name: "runtime.txt of R beside a Pipfile", files: { "runtime.txt": "r-4.4-2024-05-01", ...pick("Pipfile") } },
    { name: "another runtime beside a Pipfile", files: { "runtime.txt": "nodejs-18", ...pick("Pipfile") } },
    { name: "R, Python and apt in one", files: pick("DESCRIPTION", "requirements.txt", "apt.txt") },
    { name: "Julia with requirements", files: pick("Project.toml", "requirements.txt", "postBuild") },
  ];
}

/** The corpus: every decision that repo2docker makes from names and texts. */
export const shapes: readonly Shape[] = [
  ...combinedShapes(),
  ...aloneShapes(),
  ...pairShapes(),
  ...textShapes("runtime.txt", runtimeTexts, pick("requirements.txt")),
  ...condaShapes(),
  ...requiresPythonShapes(),
  ...pipfileShapes(),
  ...juliaShapes(),
  ...aptShapes(),
];
