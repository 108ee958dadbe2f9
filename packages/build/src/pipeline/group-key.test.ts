import type { Recipe, StepGroup } from "@repo2singularity/contracts";
import { expect, test } from "vitest";
import { type GroupKeyContext, keyGroups, softwareTimeSeconds } from "./group-key.ts";

const run = (script: string): StepGroup["steps"][number] => ({
  kind: "run",
  title: "x",
  script,
  interpreter: "sh",
  env: {},
  cwd: "/",
  caches: [],
  network: false,
});

const recipe = (groups: StepGroup[]): Recipe => ({
  version: 1,
  family: "python",
  base: "debootstrap:trixie",
  platform: "linux/amd64",
  groups,
  environment: {},
  pathPrefix: [],
  repoDir: "/srv/repo",
  command: ["jupyter", "lab"],
  labels: {},
  decisions: [],
});

const context = (change: Partial<GroupKeyContext> = {}): GroupKeyContext => ({
  baseDigest: "sha256:0",
  basePath: "/usr/bin:/bin",
  format: { compression: "zstd", level: 3, blockSizeBytes: 131_072 },
  contentDigest: (paths) => Promise.resolve(paths.join()),
  timestampSeconds: 1_700_000_000,
  ...change,
});

const groups: StepGroup[] = [
  { name: "system", title: "System", steps: [run("apt-get install x")] },
  {
    name: "environment",
    title: "Environment",
    steps: [{ kind: "copy", title: "x", paths: ["requirements.txt"], destination: "/srv/repo" }, run("uv pip install")],
  },
  { name: "content", title: "Content", steps: [{ kind: "copy", title: "x", paths: ["."], destination: "/srv/repo" }] },
];

const keys = async (list: StepGroup[], change: Partial<GroupKeyContext> = {}): Promise<string[]> =>
  (await keyGroups(recipe(list), context(change))).map(({ key }) => key);

test("the same input gives the same keys", async () => {
  expect(await keys(groups)).toEqual(await keys(groups));
});

test("a changed file redoes its group and those above, nothing below", async () => {
  const before = await keys(groups);
  const after = await keys(groups, {
    contentDigest: (paths) => Promise.resolve(paths.includes(".") ? "edited" : paths.join()),
  });

  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after[2]).not.toBe(before[2]);
});

test("a new commit's time touches only groups that hold the repository", async () => {
  const before = await keyGroups(recipe(groups), context());
  const after = await keyGroups(recipe(groups), context({ timestampSeconds: 1_800_000_000 }));

  expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  expect(after[2]?.key).not.toBe(before[2]?.key);
  expect(after.map((one) => one.mtimeSeconds)).toEqual([softwareTimeSeconds, softwareTimeSeconds, 1_800_000_000]);
});

test.each([
  ["base", { baseDigest: "sha256:1" }],
  ["PATH of the base", { basePath: "/opt/conda/bin:/usr/bin:/bin" }],
  ["compressor", { format: { compression: "gzip" as const, level: 6, blockSizeBytes: 131_072 } }],
  ["block size", { format: { compression: "zstd" as const, level: 3, blockSizeBytes: 1_048_576 } }],
])("another %s changes every key", async (_name, change) => {
  const before = await keys(groups);
  const after = await keys(groups, change);

  expect(after.every((key, index) => key !== before[index])).toBe(true);
});
