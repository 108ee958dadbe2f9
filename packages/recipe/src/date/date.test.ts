import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Recipe } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { knownBaseFacts } from "../base/known-base-facts.ts";
import { planRecipe } from "../plan/plan-recipe.ts";
import { renderDefinition } from "../render/definition.ts";
import { renderDockerfile } from "../render/dockerfile.ts";
import { memoryTree } from "../tree/repo-tree.ts";
import { pinAptStep, snapshotUri } from "./apt-snapshot.ts";
import { pinBase } from "./pin-base.ts";

const pin = { day: "2024-05-01", from: "--date" };

function plan(files: Readonly<Record<string, string>>, base = "debootstrap:bookworm@2024-05-01", date = pin): Recipe {
  return planRecipe(memoryTree(files), { base: knownBaseFacts(base)!, platform: "linux/amd64", date });
}

function variable(recipe: Recipe, group: string, name: string): readonly (string | undefined)[] {
  const steps = recipe.groups.find((one) => one.name === group)?.steps ?? [];
  return steps.flatMap((step) => (step.kind === "run" && step.network ? [step.env[name]] : []));
}

describe("the base of a day", () => {
  test.each([
    ["auto", "2024-05-01", "debootstrap:bookworm@2024-05-01"],
    ["auto", "2023-06-10", "debootstrap:bookworm@2023-06-10"],
    ["auto", "2023-06-09", "debootstrap:bullseye@2023-06-09"],
    ["auto", "2026-01-01", "debootstrap:trixie@2026-01-01"],
    ["debootstrap:jammy", "2024-05-01", "debootstrap:jammy@2024-05-01"],
    ["debootstrap:bookworm@2023-07-01", "2024-05-01", "debootstrap:bookworm@2023-07-01"],
    ["docker://debian:12", "2024-05-01", "docker://debian:12"],
  ])("%s on %s is %s", (reference, day, pinned) => {
    expect(pinBase(reference, { day, from: "--date" })).toBe(pinned);
  });

  test("a day before all known releases is refused", () => {
    expect(() => pinBase("auto", { day: "2015-01-01", from: "--date" })).toThrow(
      expect.objectContaining({ code: "E_RECIPE_BASE_UNFIT" }),
    );
  });

  test("a release that was not out yet is refused, naming one that was", () => {
    expect(() => plan({}, "docker://debian:trixie", { day: "2024-05-01", from: "--date" })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining("trixie of the base docker://debian:trixie was released on 2025-08-09"),
        hint: expect.stringContaining("--base debootstrap:bookworm"),
      }),
    );
  });

  test("Ubuntu's snapshots have a first day", () => {
    expect(() => plan({}, "debootstrap:jammy", { day: "2022-12-31", from: "--date" })).toThrow(/start at 2023-03-01/);
  });
});

describe("the steps of a day", () => {
  const recipe = plan({
    "requirements.txt": "six\n",
    "apt.txt": "tree\n",
    "install.R": "",
    postBuild: "#!/bin/sh\nnpm install -g x\n",
  });

  test("uv and npm take what was there at its end, but not the server, which is locked", () => {
    expect(variable(recipe, "environment", "UV_EXCLUDE_NEWER")).toContain("2024-05-01T23:59:59Z");
    expect(variable(recipe, "post-build", "npm_config_before")).toContain("2024-05-01T23:59:59Z");
    expect(variable(recipe, "server", "UV_EXCLUDE_NEWER").every((value) => value === undefined)).toBe(true);
  });

  test("the first step of all turns apt to the archive of the day", () => {
    expect(recipe.groups[0]?.steps[0]?.title).toBe("Take packages of the distribution from 2024-05-01");
  });

  test("CRAN is that of the day; a day of runtime.txt only yields to the command line", () => {
    const profile = (recipeOfR: Recipe): string => JSON.stringify(recipeOfR.groups.find(({ name }) => name === "r"));
    const files = { "runtime.txt": "r-4.2-2023-02-03" };

    expect(profile(recipe)).toContain("/__linux__/bookworm/2024-05-01");
    expect(profile(plan(files))).toContain("/__linux__/bookworm/2024-05-01");
    expect(profile(plan(files, undefined, { ...pin, from: "repo2singularity.yaml" }))).toContain("/2023-02-03");
  });

  test("label, decisions and other forms of the plan tell the day", () => {
    expect(recipe.labels).toMatchObject({ "org.repo2singularity.date": "2024-05-01" });
    expect(recipe.decisions.map(({ subject }) => subject)).toContain("date 2024-05-01");
    expect(renderDockerfile(recipe)).toMatch(/^FROM debian:bookworm$/m);
    expect(renderDefinition(recipe)).toContain("UV_EXCLUDE_NEWER");
  });

  test("a base without archives of the past says that apt is not pinned", () => {
    const base = { ...knownBaseFacts("debootstrap:bookworm")!, distribution: "devuan", codename: "daedalus" };
    const other = planRecipe(memoryTree({}), { base, platform: "linux/amd64", date: pin });

    expect(other.decisions).toContainEqual(expect.objectContaining({ subject: "apt packages", outcome: "ignored" }));
    expect(other.groups[0]?.steps[0]?.title).not.toContain("2024-05-01");
  });
});

describe("apt's sources of a day", () => {
  test("every archive has its address", () => {
    expect(snapshotUri("debian", "2024-05-01")).toBe("http://snapshot.debian.org/archive/debian/20240501T235959Z");
    expect(snapshotUri("debianSecurity", "2024-05-01", { debian: "http://x/a", ubuntu: "" })).toBe(
      "http://x/a/debian-security/20240501T235959Z",
    );
    expect(snapshotUri("ubuntu", "2024-05-01")).toBe("https://snapshot.ubuntu.com/ubuntu/20240501T235959Z");
  });

  /** Runs the step's own script over sources in a folder, with `/etc/apt` led there. */
  function rewritten(base: string, files: Readonly<Record<string, string>>): (name: string) => string {
    const folder = mkdtempSync(path.join(tmpdir(), "apt-"));
    mkdirSync(path.join(folder, "sources.list.d"));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const script = pinAptStep(knownBaseFacts(base)!, "2024-05-01")?.script ?? "";
    execFileSync("/bin/sh", ["-e", "-c", script.replaceAll("/etc/apt", folder)]);
    const texts = new Map(
      [...Object.keys(files), "preferences.d/repo2singularity-date", "apt.conf.d/90repo2singularity-date"].map(
        (name) => [name, readFileSync(path.join(folder, name), "utf8")],
      ),
    );
    rmSync(folder, { recursive: true });
    return (name) => texts.get(name) ?? "";
  }

  test("both formats are rewritten, and archives of others stay", () => {
    const read = rewritten("debootstrap:bookworm", {
      "sources.list":
        "deb http://deb.debian.org/debian bookworm main\ndeb https://security.debian.org/debian-security/ bookworm-security main\n",
      "sources.list.d/debian.sources":
        "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nSigned-By: /x.gpg\n",
      "sources.list.d/other.list": "deb https://developer.example.com/debian bookworm main\n",
    });

    expect(read("sources.list")).toBe(
      "deb http://snapshot.debian.org/archive/debian/20240501T235959Z bookworm main\n" +
        "deb http://snapshot.debian.org/archive/debian-security/20240501T235959Z bookworm-security main\n",
    );
    expect(read("sources.list.d/debian.sources")).toBe(
      "Types: deb\nURIs: http://snapshot.debian.org/archive/debian/20240501T235959Z\nSuites: bookworm\nSigned-By: /x.gpg\n",
    );
    expect(read("sources.list.d/other.list")).toBe("deb https://developer.example.com/debian bookworm main\n");
    expect(read("preferences.d/repo2singularity-date")).toContain("Pin: release o=Debian\nPin-Priority: 1001");
    expect(read("apt.conf.d/90repo2singularity-date")).toContain('Acquire::Check-Valid-Until "false";');
  });

  test("Ubuntu's country mirrors and security archive are its one snapshot service", () => {
    const read = rewritten("debootstrap:jammy", {
      "sources.list":
        "deb http://de.archive.ubuntu.com/ubuntu/ jammy main\ndeb http://security.ubuntu.com/ubuntu jammy-security main\n",
    });

    expect(read("sources.list").match(/https:\/\/snapshot\.ubuntu\.com\/ubuntu\/20240501T235959Z jammy/g)).toHaveLength(
      2,
    );
  });
});
