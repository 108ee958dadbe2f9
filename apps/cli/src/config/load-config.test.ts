import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "./load-config.ts";

let home = "";

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "config-"));
  await mkdir(path.join(home, ".config/repo2singularity"), { recursive: true });
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

const io = (env: Record<string, string> = {}): { env: Record<string, string>; cwd: string } => ({
  env: { HOME: home, ...env },
  cwd: home,
});

test("the environment wins over the project, and the project over the user", async () => {
  await writeFile(
    path.join(home, ".config/repo2singularity/config.json"),
    JSON.stringify({ base: "user", compression: "gzip", cacheMaxSize: "1G" }),
  );
  await writeFile(path.join(home, ".repo2singularity.json"), JSON.stringify({ base: "project", compression: "zstd" }));

  const { config, origins } = await loadConfig(io({ R2S_BASE: "environment" }));

  expect(config).toMatchObject({ base: "environment", cacheMaxSize: "1G", compression: "zstd" });
  expect(origins["base"]).toBe("$R2S_BASE");
  expect(origins["compression"]).toBe(path.join(home, ".repo2singularity.json"));
});

test("a wrong value is told with its file and key", async () => {
  await writeFile(path.join(home, ".repo2singularity.json"), JSON.stringify({ compression: "lzma" }));

  await expect(loadConfig(io())).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: expect.stringMatching(/\.repo2singularity\.json: compression: /) as string,
  });
});

test.each([
  ["mirrors", { mirrors: { python: "https://elsewhere.example.org/simple" } }],
  ["cacheDir", { base: "auto", cacheDir: "/home/somebody" }],
  ["executor, stepTimeoutSeconds", { executor: "root", stepTimeoutSeconds: 1 }],
])("a working folder, which may be a stranger's clone, cannot set %s", async (keys, settings) => {
  await writeFile(path.join(home, ".repo2singularity.json"), JSON.stringify(settings));

  await expect(loadConfig(io())).rejects.toMatchObject({
    code: "E_CONFIG_INVALID",
    message: `${home}/.repo2singularity.json: ${keys}: a working folder sets only base and compression`,
    hint: expect.stringContaining(path.join(home, ".config/repo2singularity/config.json")) as string,
  });
});

test("a wrong variable is told by its name", async () => {
  await expect(loadConfig(io({ R2S_EXECUTOR: "magic" }))).rejects.toThrow(/\$R2S_EXECUTOR: executor/);
});
