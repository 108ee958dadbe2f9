import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { type CondaArchive, type CondaSource, makeCondaPackage } from "./conda-package.ts";

const placeholder = "/opt/placeholder_placeholder_placeholder_placeholder";

/** The interpreter that packages are made of: the distribution's, which runs in a base of the same release. */
export const packedPython = "/usr/bin/python3";

/**
 * Packages of a small conda world that really runs: the distribution's Python under another prefix, a kernel from the
 * Python index, a noarch package with a command, a tool with a placeholder and scripts for activation and linking, and a package of the index.
 * @param uv path of the program that installs the kernel
 */
export function makeCondaPackages(scratch: string, uv: string): readonly CondaArchive[] {
  const version = readVersion();
  return [
    pythonSource(path.join(scratch, "python"), version),
    kernelSource(path.join(scratch, "ipykernel"), version, uv),
    {
      name: "pip",
      version: "1.0",
      subdir: "noarch" as const,
      folder: writeTree(path.join(scratch, "pip"), { "share/pip-marker/text": "pip comes with the kernel\n" }),
      depends: ["ipykernel"],
      format: ".tar.bz2" as const,
    },
    greetSource(scratch, "1.5"),
    toolSource(path.join(scratch, "tool")),
    tabulateSource(path.join(scratch, "tabulate"), uv),
  ].map((source: CondaSource) => makeCondaPackage(source, scratch));
}

/** A later release of one of {@link makeCondaPackages}, which nothing but its version tells from it. */
export function makeNewerGreet(scratch: string): CondaArchive {
  return makeCondaPackage(greetSource(scratch, "1.6"), scratch);
}

function greetSource(scratch: string, version: string): CondaSource {
  return {
    name: "greet",
    version,
    subdir: "noarch",
    folder: writeTree(path.join(scratch, "greet"), { "site-packages/greet.py": "def main():\n    print('hello')\n" }),
    depends: ["python >=3.8"],
    entryPoints: ["greet = greet:main"],
    format: ".tar.bz2",
  };
}

function readVersion(): string {
  const code = "import platform; print(platform.python_version())";
  return execFileSync(packedPython, ["-I", "-c", code], { encoding: "utf8" }).trim();
}

/** Debian's Python has folders of its own for packages; conda's looks where every other does. */
function pythonSource(folder: string, version: string): CondaSource {
  const line = version.split(".").slice(0, 2).join(".");
  const library = path.join(folder, "lib", `python${line}`);
  mkdirSync(path.join(folder, "bin"), { recursive: true });
  copyFileSync(realpathSync(packedPython), path.join(folder, "bin", `python${line}`));
  for (const name of ["python", "python3"]) symlinkSync(`python${line}`, path.join(folder, "bin", name));
  const leftOut =
    /\/(?:__pycache__|test|idlelib|ensurepip|EXTERNALLY-MANAGED|sitecustomize\.py|config-[^/]+|dist-packages)$/;
  cpSync(`/usr/lib/python${line}`, library, {
    recursive: true,
    dereference: true,
    filter: (name) => !leftOut.test(name),
  });
  for (const name of ["sysconfig.py", "sysconfig/__init__.py"]) {
    const file = path.join(library, name);
    const text = readText(file);
    if (text !== undefined) writeFileSync(file, text.replaceAll("scheme = 'posix_local'", "scheme = 'posix_prefix'"));
  }
  // The module "site" is frozen into the interpreter, so what it lacks is added by the one that it imports.
  const packages = `sys.prefix + "/lib/python${line}/site-packages"`;
  writeFileSync(path.join(library, "sitecustomize.py"), `import site, sys\n\nsite.addsitedir(${packages})\n`);
  return { name: "python", version, subdir: "linux-64", folder, format: ".conda" };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // each version has one of the two
  }
}

/** One package with the kernel and all it needs, as the index has them. */
function kernelSource(folder: string, version: string, uv: string): CondaSource {
  const line = version.split(".").slice(0, 2).join(".");
  const site = path.join(folder, "lib", `python${line}`, "site-packages");
  execFileSync(uv, ["pip", "install", "--quiet", "--python", packedPython, "--target", site, "ipykernel", "pip"]);
  for (const name of ["bin", "share", "etc", ".lock"]) rmSync(path.join(site, name), { recursive: true, force: true });
  const kernel = "share/jupyter/kernels/python3/kernel.json";
  const argv = [`${placeholder}/bin/python`, "-m", "ipykernel_launcher", "-f", "{connection_file}"];
  writeTree(folder, { [kernel]: JSON.stringify({ argv, display_name: "conda's Python", language: "python" }) });
  return {
    name: "ipykernel",
    version: "7.0",
    subdir: "linux-64",
    folder,
    depends: [`python ${line}.*`],
    placeholder: { text: placeholder, files: [kernel] },
    format: ".conda",
  };
}

/** A package of the Python index as a noarch package of conda. */
function tabulateSource(folder: string, uv: string): CondaSource {
  const site = path.join(folder, "site-packages");
  const flags = ["--quiet", "--no-deps", "--python", packedPython, "--target", site];
  execFileSync(uv, ["pip", "install", ...flags, "tabulate==0.9.0"]);
  for (const name of ["bin", ".lock"]) rmSync(path.join(site, name), { recursive: true, force: true });
  const depends = ["python >=3.7"];
  return { name: "tabulate", version: "0.9.0", subdir: "noarch", folder, depends, entryPoints: [], format: ".conda" };
}

function toolSource(folder: string): CondaSource {
  writeTree(folder, {
    "bin/tool": `#!/bin/sh\necho ${placeholder}/share/tool\n`,
    "bin/.tool-post-link.sh": '#!/bin/bash\necho linked >"$PREFIX/share/tool-linked"\n',
    "share/tool/data": "data\n",
    "etc/conda/activate.d/tool.sh":
      'export TOOL_HOME="$CONDA_PREFIX/share/tool" PATH="$CONDA_PREFIX/share/tool:$PATH"\n',
  });
  return {
    name: "tool",
    version: "1.0",
    subdir: "linux-64",
    folder,
    placeholder: { text: placeholder, files: ["bin/tool"] },
    format: ".tar.bz2",
  };
}

/** Writes files of which those in `bin` are programs. @returns the folder */
function writeTree(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), text, { mode: name.startsWith("bin/") ? 0o755 : 0o644 });
  }
  return folder;
}
