import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { askRepo2docker } from "./oracle/ask-repo2docker.ts";
import { deviations, differences } from "./oracle/deviations.ts";
import { planWithOurs } from "./oracle/plan-with-ours.ts";
import { type Shape, shapes } from "./oracle/shapes.ts";
import { scratchFolder } from "./support/run-folder.ts";

const folder = scratchFolder("oracle");
const page = readFileSync(new URL("../../docs/reference/compatibility.md", import.meta.url), "utf8");
let theirs: Awaited<ReturnType<typeof askRepo2docker>>;

beforeAll(async () => {
  const system = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  execFileSync(system, ["-m", "venv", folder]);
  execFileSync(path.join(folder, "bin/pip"), ["install", "--quiet", "jupyter-repo2docker==2026.4.0"]);
  theirs = await askRepo2docker(path.join(folder, "bin/python"), shapes);
});

/** The differences that count: where repo2docker needs a server of a language, only its choice of family is known. */
function openDifferences(shape: Shape): { readonly text: string; readonly explainedBy: readonly string[] } | undefined {
  const their = theirs.get(shape.name);
  if (their === undefined) throw new Error(`the oracle said nothing of "${shape.name}"`);
  const our = planWithOurs(shape);
  const isPartial = their.needsNetwork || (our.python === undefined && !our.isRefused);
  const fields = differences(their, our).filter((field) => !isPartial || field === "family" || field === "isRefused");
  if (fields.length === 0) return undefined;
  const explainedBy = deviations.filter((one) => one.explains(shape, their, our)).map(({ toldAs }) => toldAs);
  const text = fields.map(
    (field) => `${field}: ${JSON.stringify(their[field])} there, ${JSON.stringify(our[field])} here`,
  );
  return { text: `${shape.name}: ${text.join("; ")}`, explainedBy };
}

describe("plans beside those of the real repo2docker", () => {
  test("the corpus has at least 150 shapes, each with a name of its own", () => {
    expect(shapes.length).toBeGreaterThanOrEqual(150);
    expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length);
  });

  test("every decision is the same, or differs as the compatibility page tells", () => {
    const open = shapes.map((shape) => openDifferences(shape)).filter((found) => found !== undefined);

    expect(open.filter(({ explainedBy }) => explainedBy.length === 0).map(({ text }) => text)).toEqual([]);
  });

  test("every deviation is told on the compatibility page and shown by a shape", () => {
    const shown = new Set(shapes.flatMap((shape) => openDifferences(shape)?.explainedBy ?? []));

    expect(deviations.map(({ toldAs }) => toldAs).filter((words) => !page.includes(words))).toEqual([]);
    expect(deviations.map(({ toldAs }) => toldAs).filter((words) => !shown.has(words))).toEqual([]);
  });
});
