import { describe, expect, test } from "vitest";
import { type HostFacts, readHostFacts } from "./host-facts.ts";
import { createApptainerRuntime } from "./runtime/apptainer.ts";
import { planWishes } from "./session-wishes.ts";

const small: HostFacts = { cpuCount: 2, memoryBytes: 4 * 2 ** 30, hasNvidia: false, hasAmd: false };
const prefix = "org.repo2singularity.";

describe("what an image wants of the machine", () => {
  test("an image without wishes gets a session without a word", () => {
    expect(planWishes({}, small)).toEqual({ notices: [] });
  });

  test("cards are handed in where the host has them", () => {
    expect(planWishes({ [`${prefix}gpu`]: "cuda" }, { ...small, hasNvidia: true })).toEqual({
      gpu: "cuda",
      notices: [],
    });
    expect(planWishes({ [`${prefix}gpu`]: "rocm" }, { ...small, hasAmd: true })).toEqual({ gpu: "rocm", notices: [] });
  });

  test("a card of another maker does not count", () => {
    expect(planWishes({ [`${prefix}gpu`]: "cuda" }, { ...small, hasAmd: true }).notices[0]).toMatch(/no NVIDIA card/);
    expect(planWishes({ [`${prefix}gpu`]: "rocm" }, { ...small, hasNvidia: true }).notices[0]).toMatch(/no AMD card/);
  });

  test("more than the machine has is told, as much as it has is not", () => {
    const wants = (cpus: number, gibibytes: number): readonly string[] =>
      planWishes(
        {
          [`${prefix}resources.cpus`]: String(cpus),
          [`${prefix}resources.memory-bytes`]: String(gibibytes * 2 ** 30),
        },
        small,
      ).notices;

    expect(wants(2, 4)).toEqual([]);
    expect(wants(3, 8)).toEqual([
      "the image wants 3 CPUs, and this machine has 2",
      "the image wants 8.0 GiB of memory, and this machine has 4.0 GiB",
    ]);
  });

  test("labels that are no numbers want nothing", () => {
    expect(planWishes({ [`${prefix}resources.cpus`]: "many" }, small)).toEqual({ notices: [] });
  });

  test("cards are found by their device nodes", async () => {
    const facts = await readHostFacts((path) => Promise.resolve(path === "/dev/kfd"));

    expect(facts).toMatchObject({ hasNvidia: false, hasAmd: true });
    expect(facts.cpuCount).toBeGreaterThan(0);
  });
});

test.each([
  ["cuda", "--nv"],
  ["rocm", "--rocm"],
] as const)("apptainer is told of %s with %s, before the image", async (gpu, flag) => {
  const runtime = createApptainerRuntime({
    program: "apptainer",
    path: "/usr/bin/apptainer",
    isRoot: false,
    inUserNamespace: false,
    env: {},
  });
  const plan = { imagePath: "/x.sif", command: [], binds: [], env: {} };

  expect((await runtime.prepare({ ...plan, gpu })).args).toEqual(["--quiet", "run", flag, "/x.sif"]);
  expect((await runtime.prepare(plan)).args).toEqual(["--quiet", "run", "/x.sif"]);
});
