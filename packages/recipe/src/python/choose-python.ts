import { AppError } from "@repo2singularity/base";
import type { BaseFacts } from "@repo2singularity/contracts";
import type { PythonSource } from "../scripts/install-server.ts";
import { specifierAllows } from "./requirement.ts";

/** The Python that is asked for, and who asks. */
export interface PythonRequest {
  /** One version: `3`, `3.11`, `3.11.4`; the patch level only counts where it can be chosen. */
  readonly version?: string;
  /** A PEP 440 specifier that the version must satisfy too, such as `>=3.10.4`. */
  readonly specifier?: string;
  /** Who asks: `--python`, `runtime.txt`, … */
  readonly from: string;
}

/** The Python of an image. */
export interface PythonChoice {
  /** `3.12`, or the full version where it is known. */
  readonly version: string;
  readonly source: PythonSource;
  /** Packages of the distribution that bring it. */
  readonly packages: readonly string[];
  /** Where it comes from, for people: "the base's own". */
  readonly origin: string;
}

/** Versions that uv has standalone builds of, best first; newer ones than this are still pre-releases. */
const standaloneVersions = ["3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8"];

/** The oldest Python that is chosen when nobody asks for one, and that the Jupyter server runs on. */
export const oldestServerPython = "3.9";

/**
 * Finds a Python: the base's own, then the distribution's packages, then uv's standalone builds.
 * @param request what is asked for; `undefined` takes the first that the Jupyter server runs on
 * @throws E_RECIPE_PYTHON_UNSUPPORTED listing what was tried
 */
export function choosePython(base: BaseFacts, request?: PythonRequest): PythonChoice {
  for (const choice of candidates(base)) {
    const version = acceptedVersion(choice, request);
    if (version === undefined) continue;
    return choice.source.kind === "standalone"
      ? { ...choice, version, source: { kind: "standalone", version } }
      : choice;
  }
  throw new AppError(
    "E_RECIPE_PYTHON_UNSUPPORTED",
    `${request?.from ?? "the base"} asks for Python ${describeRequest(request)}, which cannot be had. Tried: ${describeTried(base)}`,
    {
      hint: "ask for a Python of this list in runtime.txt or with --python, or choose a base that has the one you need",
    },
  );
}

/** Whether {@link choosePython} finds one. */
export function canChoosePython(base: BaseFacts, request?: PythonRequest): boolean {
  return candidates(base).some((choice) => acceptedVersion(choice, request) !== undefined);
}

/** All that can be had, in the order of preference. */
function candidates(base: BaseFacts): readonly PythonChoice[] {
  const own = base.pythons.map(({ version, path }): PythonChoice => {
    return { version, source: { kind: "path", path }, packages: [], origin: `the base has it at ${path}` };
  });
  const packaged = base.packagedPythons.map((version, index): PythonChoice => {
    const name = index === 0 ? "python3" : `python${version}`;
    const origin = `${base.codename === "" ? base.distribution : base.codename} has it as package ${name}`;
    return { version, source: { kind: "path", path: `/usr/bin/python${version}` }, packages: [name], origin };
  });
  const standalone = standaloneVersions.map((version): PythonChoice => {
    return {
      version,
      source: { kind: "standalone", version },
      packages: [],
      origin: "a standalone build that uv installs",
    };
  });
  return [...own, ...packaged, ...standalone];
}

/** @returns the version to take of this candidate, `undefined` when it does not do */
function acceptedVersion(choice: PythonChoice, request: PythonRequest | undefined): string | undefined {
  const asked = request?.version;
  if (asked === undefined && request?.specifier === undefined) {
    return compareMinor(choice.version, oldestServerPython) >= 0 ? choice.version : undefined;
  }
  if (asked !== undefined && !isSameLine(choice.version, asked)) return undefined;
  const wanted = asked !== undefined && choice.source.kind === "standalone" && isFull(asked) ? asked : choice.version;
  if (request?.specifier === undefined) return wanted;
  return fitSpecifier(wanted, request.specifier, choice.source.kind === "standalone");
}

/** Of a version without patch level it is enough that a release of it satisfies; a standalone build takes just that one. */
function fitSpecifier(version: string, specifier: string, canChoosePatch: boolean): string | undefined {
  if (isFull(version)) return specifierAllows(specifier, version) ? version : undefined;
  // No line of CPython got to 50 patch releases, so 99 stands for "the newest".
  if (specifierAllows(specifier, `${version}.99`)) return version;
  const patches = Array.from({ length: 50 }, (_, index) => `${version}.${49 - index}`);
  const fitting = patches.find((full) => specifierAllows(specifier, full));
  return fitting === undefined || canChoosePatch ? fitting : version;
}

function isFull(version: string): boolean {
  return version.split(".").length > 2;
}

/** Whether a version is of the line that is asked for: `3.12.4` and `3.12` of `3.12`, any of `3`. */
function isSameLine(version: string, asked: string): boolean {
  const line = asked.split(".").slice(0, 2);
  return version.split(".").slice(0, line.length).join(".") === line.join(".");
}

/** Compares by major and minor number; negative when `a` is older. */
export function compareMinor(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** The request for people: `3.11`, `>=3.10`, or both. */
export function describeRequest(request: PythonRequest | undefined): string {
  const parts = [request?.version, request?.specifier].filter((part) => part !== undefined && part !== "");
  return parts.length === 0 ? `${oldestServerPython} or newer` : parts.join(" with ");
}

function listVersions(versions: readonly string[]): string {
  return versions.length === 0 ? "none" : versions.join(", ");
}

function describeTried(base: BaseFacts): string {
  return [
    `${base.reference}'s own (${listVersions(base.pythons.map(({ version }) => version))})`,
    `packages of its distribution (${listVersions(base.packagedPythons)})`,
    `uv's standalone builds (${listVersions(standaloneVersions)})`,
    "conda has more, when environment.yml asks for it",
  ].join("; ");
}
