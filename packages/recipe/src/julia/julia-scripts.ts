import type { Recipe } from "@repo2singularity/contracts";
import { createRunStep, type RunStep, writeFileLines } from "../scripts/run-step.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { juliaLayout, juliaProcessors } from "./julia-layout.ts";
import type { JuliaRequest } from "./read-julia-files.ts";
import { juliaReleaseProgram } from "./release-program.ts";
import { formatVersion } from "./version-ranges.ts";

type Platform = Recipe["platform"];

const triplets: Readonly<Record<Platform, string>> = {
  "linux/amd64": "x86_64-linux-gnu",
  "linux/arm64": "aarch64-linux-gnu",
};

/** The step that installs the newest release of Julia that fits. */
export function installJuliaStep(platform: Platform, request: JuliaRequest): RunStep {
  const { program } = juliaLayout;
  const wish =
    "exact" in request
      ? { exact: request.exact }
      : {
          ranges: request.ranges.map(({ from, below }) => {
            return { from: formatVersion(from), below: below === undefined ? null : formatVersion(below) };
          }),
        };
  const json = JSON.stringify({ ...wish, triplet: triplets[platform], asked: request.asked }, undefined, 1);
  const script = [
    writeFileLines("/tmp/julia.json", json).trimEnd(),
    writeFileLines("/tmp/r2s-julia.py", juliaReleaseProgram).trimEnd(),
    `${imageLayout.server}/bin/python -I /tmp/r2s-julia.py /tmp/julia.json /tmp/julia.tar.gz ${imageLayout.locks}/julia/version`,
    `mkdir -p ${program}`,
    `tar -xzf /tmp/julia.tar.gz -C ${program} --strip-components=1 --no-same-owner`,
    "rm /tmp/julia.tar.gz",
    "",
  ].join("\n");
  return createRunStep("Install Julia", script, { network: true });
}

/**
 * The step that gives the notebooks their kernel. It lies in Julia's default environment, so that the project's own
 * packages are chosen without it, and works on whatever project is active.
 */
export function juliaKernelStep(platform: Platform): RunStep {
  const lines = [
    "using Pkg",
    ...lockLines("kernel", ["Project.toml", "Manifest.toml"]),
    'isdir(locked) ? Pkg.instantiate() : Pkg.add("IJulia")',
    "keep()",
  ];
  const script = [
    juliaLines("/tmp/kernel.jl", lines),
    compileLines,
    juliaLines("/tmp/register.jl", ["using IJulia", 'installkernel("Julia")']),
    tidyLines,
  ].join("\n");
  return createRunStep("Install the Julia kernel", script, {
    network: true,
    env: {
      ...juliaStepVariables(platform),
      JULIA_PROJECT: "",
      JUPYTER: `${imageLayout.bin}/jupyter`,
      JUPYTER_DATA_DIR: juliaLayout.jupyterData,
    },
  });
}

/** The step that installs the packages of the project, as repo2docker does. */
export function juliaPackagesStep(platform: Platform, path: string): RunStep {
  const lines = [
    "using Pkg",
    ...lockLines("project", ["Manifest.toml"]),
    "Pkg.instantiate()",
    "Pkg.resolve()",
    "Pkg.instantiate()",
    "keep()",
  ];
  const script = [juliaLines("/tmp/packages.jl", lines), compileLines, tidyLines].join("\n");
  return createRunStep(`Install the packages of ${path}`, script, {
    network: true,
    cwd: imageLayout.repo,
    env: juliaStepVariables(platform),
  });
}

/**
 * Lines of Julia that take files of the active environment from the lock, where there is one, and define `keep()`, which
 * leaves them for the lock of the image.
 */
function lockLines(environment: "kernel" | "project", names: readonly string[]): readonly string[] {
  const places = names.map((name) => {
    const place = `Pkg.Types.Context().env.${name === "Project.toml" ? "project" : "manifest"}_file`;
    return `"${name}" => ${place}`;
  });
  return [
    `locked = joinpath(get(ENV, "R2S_LOCK_FILES", "/nowhere"), "julia/${environment}")`,
    `kept = "${imageLayout.locks}/julia/${environment}"`,
    "copy(from, to) = isfile(from) && (mkpath(dirname(to)); write(to, read(from)))",
    `for (name, place) in [${places.join(", ")}]`,
    "    copy(joinpath(locked, name), place)",
    "end",
    `keep() = for (name, place) in [${places.join(", ")}]`,
    "    copy(place, joinpath(kept, name))",
    "end",
  ];
}

/** Compiling waits until the files have the time that they have in the image. */
function juliaStepVariables(platform: Platform): Readonly<Record<string, string>> {
  return { JULIA_PKG_PRECOMPILE_AUTO: "0", JULIA_CPU_TARGET: juliaProcessors[platform] };
}

function juliaLines(path: string, lines: readonly string[]): string {
  return `${writeFileLines(path, lines.join("\n"))}julia --startup-file=no ${path}`;
}

/**
 * Julias before 1.11 take compiled code for stale when the sources have another time than they had, and in the image
 * all software has one. A package that cannot be compiled says so itself when it is used.
 */
const compileLines: string = [
  `find ${juliaLayout.depot}/packages -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +`,
  juliaLines("/tmp/compile.jl", [
    "using Pkg",
    "try",
    "    Pkg.precompile()",
    "catch problem",
    '    @warn "not all packages can be compiled" problem',
    "end",
  ]),
].join("\n");

/** What Pkg notes of its runs, by the clock, and clones of repositories whose content was taken. */
const tidyLines = `rm -rf ${juliaLayout.depot}/logs ${juliaLayout.depot}/clones\n`;
