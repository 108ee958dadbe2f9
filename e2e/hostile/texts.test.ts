import { afterEach, describe, expect, test } from "vitest";
import { initRepository, giveTo } from "../src/support/clones.ts";
import { smallRepository } from "../src/support/small-repository.ts";
import { expectNothingRan, expectRefused, plan, trace, victim } from "./support.ts";

afterEach(expectNothingRan);

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** Ten lines that mean 9^11 words. */
function aliasBomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let index = 1; index < 12; index += 1) {
    lines.push(`a${index}: &a${index} [${Array.from({ length: 9 }, () => `*a${index - 1}`).join(", ")}]`);
  }
  return `${lines.join("\n")}\ndependencies: *a11\n`;
}

describe("files of a repository that are read for the plan", () => {
  test.each([
    ["a command behind a package", "apt.txt", `curl; touch ${trace}\n`],
    ["a command in place of a package", "apt.txt", `$(touch ${trace})\n`],
    ["an option of apt", "apt.txt", `-o APT::Update::Pre-Invoke::=touch\n`],
    ["a command in a requirement", "requirements.txt", `\`touch ${trace}\`\n`],
    ["a version of Python that is a command", "runtime.txt", `python-3.11;touch ${trace}\n`],
    ["a YAML bomb", "environment.yml", aliasBomb()],
    ["YAML of 20,000 levels", "environment.yml", `dependencies: ${nested(20_000)}\n`],
    ["TOML of 20,000 levels", "pyproject.toml", `a = ${nested(20_000)}\n`],
    ["JSON of 200,000 levels", "Pipfile.lock", nested(200_000)],
  ])("%s is refused", async (_what, file, text) => {
    const started = Date.now();

    const ended = await plan(smallRepository(victim, "text", { [file]: text }));

    expectRefused(ended, "E_RECIPE_FILE_INVALID", file);
    expect(Date.now() - started).toBeLessThan(60_000);
  });

  test("a YAML tag that makes Python objects is a text like others", async () => {
    const text = `dependencies: !!python/object/apply:os.system ["touch ${trace}"]\n`;

    const ended = await plan(smallRepository(victim, "tag", { "environment.yml": text }));

    expect(ended.stderr + ended.stdout).not.toContain("INTERNAL");
  });

  test("a file of 5 MB is not read", async () => {
    const ended = await plan(smallRepository(victim, "large", { "requirements.txt": "#".repeat(5_000_000) }));

    expectRefused(ended, "E_LIMIT_EXCEEDED", "requirements.txt");
  });
});

describe("what is asked for", () => {
  const repository = (): string => {
    const folder = smallRepository(victim, "asked", { "README.md": "x\n" });
    initRepository(folder);
    giveTo(victim, folder);
    return `file://${folder}`;
  };

  test.each([`--upload-pack=touch ${trace}`, `$(touch ${trace})`, "-", "a..b", "@{-1}", "a b", "refs/../x"])(
    "the ref %j is no option, no command, no expression",
    async (ref) => {
      expectRefused(await plan("--ref", ref, repository()), "E_SOURCE_REF_UNKNOWN");
    },
  );

  test.each([
    `ext::sh -c "touch ${trace}"`,
    `ssh://-oProxyCommand=touch%20${trace}/x`,
    "file://-x/y",
    `git://-oProxyCommand=x/y`,
  ])("the repository %j is refused before git sees it", async (url) => {
    expectRefused(await plan(url), "E_SPEC_INVALID");
  });

  test.each(["../..", "/etc", "a/../../.."])("the folder %j outside the repository is refused", async (subdir) => {
    const ended = await plan("--subdir", subdir, repository());

    expect(ended.stderr).toMatch(/\(E_(?:SUBDIR_NOT_FOUND|PATH_ESCAPE|USAGE)\)/);
    expect(ended.status).toBeGreaterThan(0);
  });
});
