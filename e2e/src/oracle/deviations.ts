import type { PlanDecision } from "./decision.ts";
import type { Shape } from "./shapes.ts";

/** A difference from repo2docker that is meant, and the words by which the compatibility page tells of it. */
export interface Deviation {
  /** Text that stands on `docs/reference/compatibility.md`. */
  readonly toldAs: string;
  /** Whether it is the whole difference between the two decisions on a shape. */
  explains(shape: Shape, theirs: PlanDecision, ours: PlanDecision): boolean;
}

/** The fields in which two decisions differ. */
export function differences(theirs: PlanDecision, ours: PlanDecision): readonly (keyof PlanDecision)[] {
  if (theirs.isRefused && ours.isRefused) return []; // how far each came before it refused means nothing
  const fields = [
    "family",
    "isRefused",
    "python",
    "julia",
    "requirements",
    "installsRepository",
    "apt",
    "postBuild",
    "start",
  ];
  return (fields as (keyof PlanDecision)[]).filter(
    (field) => JSON.stringify(theirs[field]) !== JSON.stringify(ours[field]),
  );
}

function differOnlyIn(theirs: PlanDecision, ours: PlanDecision, ...fields: readonly (keyof PlanDecision)[]): boolean {
  return differences(theirs, ours).every((field) => fields.includes(field));
}

function textOf(shape: Shape, name: string): string | undefined {
  const path = ["", "binder/", ".binder/"].map((folder) => folder + name).find((each) => each in shape.files);
  return path === undefined ? undefined : shape.files[path];
}

/** Every difference that the corpus may show. */
export const deviations: readonly Deviation[] = [
  {
    toldAs: "`environment.yml` always goes through conda",
    explains: (_shape, theirs, ours) =>
      theirs.family === "conda" && ours.family === "python" && differOnlyIn(theirs, ours, "family"),
  },
  {
    toldAs: "`environment.yml`: only `python=X` is understood",
    explains: (shape, theirs, ours) =>
      /python 3|::python/.test(textOf(shape, "environment.yml") ?? "") &&
      theirs.python === "3.10" &&
      differOnlyIn(theirs, ours, "family", "python"),
  },
  {
    toldAs: "a malformed `runtime.txt` stops conda repositories",
    explains: (shape, theirs, ours) =>
      textOf(shape, "runtime.txt") !== undefined &&
      textOf(shape, "environment.yml") !== undefined &&
      theirs.isRefused &&
      !ours.isRefused,
  },
  {
    toldAs: "`r-4.4` without a date is silently Python",
    explains: (shape, theirs, ours) =>
      textOf(shape, "runtime.txt") === "r-4.4" && theirs.family === "python" && ours.family === "r",
  },
  {
    toldAs: "`runtime.txt` with `python-3.11.4` is an error",
    explains: (shape, theirs, ours) =>
      /^python-\d+\.\d+\.\d+$/.test(textOf(shape, "runtime.txt") ?? "") && theirs.isRefused && ours.python === "3.11",
  },
  {
    toldAs: "`requires-python` is compared with `3.10`, so `>=3.10.4` skips to the newest",
    explains: (shape, theirs, ours) =>
      (textOf(shape, "pyproject.toml") ?? "").includes(">=3.10.4") &&
      ours.python === "3.10" &&
      differOnlyIn(theirs, ours, "python"),
  },
  {
    toldAs: "`runtime.txt` of another language switches a `Pipfile` off",
    explains: (shape, theirs, ours) =>
      (textOf(shape, "runtime.txt") ?? "").startsWith("nodejs") &&
      theirs.family === "python" &&
      ours.family === "pipfile",
  },
  {
    toldAs: "`apt.txt` is checked by prefix",
    explains: (shape, theirs, ours) =>
      /[;&]|--|\.\./.test(textOf(shape, "apt.txt") ?? "") && !theirs.isRefused && ours.isRefused,
  },
  {
    toldAs: "the version is looked up in the list of releases while planning",
    explains: (_shape, theirs, ours) =>
      theirs.family === "julia" && theirs.isRefused && !ours.isRefused && ours.julia === undefined,
  },
  {
    toldAs: "`julia_version` of the manifest is not read",
    explains: (shape, theirs, ours) =>
      textOf(shape, "Manifest.toml") !== undefined && ours.julia === "1.9.4" && differOnlyIn(theirs, ours, "julia"),
  },
  {
    toldAs: "lists and ranges of versions in `[compat]` end in a traceback",
    explains: (shape, theirs, ours) =>
      /julia = ".*[, ]/.test(textOf(shape, "Project.toml") ?? "") && theirs.isRefused && !ours.isRefused,
  },
  {
    toldAs: "the Python of an `environment.yml` beside Julia or R",
    explains: (shape, theirs, ours) =>
      (textOf(shape, "environment.yml") ?? textOf(shape, "environment.yaml")) !== undefined &&
      ["julia", "r"].includes(theirs.family ?? "") &&
      theirs.python === "3.10" &&
      differOnlyIn(theirs, ours, "python"),
  },
  {
    toldAs: "`REQUIRE` is recognised, and refused at the build",
    explains: (shape, theirs, ours) =>
      textOf(shape, "REQUIRE") !== undefined && theirs.family === "julia" && !theirs.isRefused && ours.isRefused,
  },
  {
    toldAs: "a folder named like a file counts as the file",
    explains: (shape, theirs, ours) => "requirements.txt/x" in shape.files && theirs.isRefused && !ours.isRefused,
  },
  {
    toldAs: "a Dockerfile on the old `andrewosh/binder-base`",
    explains: (shape, theirs, ours) =>
      (textOf(shape, "Dockerfile") ?? "").includes("andrewosh/binder-base") && theirs.isRefused && !ours.isRefused,
  },
];
