import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { RegistrySettings } from "../source/documents.ts";
import { initFiles } from "./init-files.ts";
import type { CiService, InitOptions } from "./init-options.ts";

const options: InitOptions = {
  settings: { title: 'A "title": yes', url: "https://lab.example/registry" },
  isMetadataOnly: false,
};

const services: readonly CiService[] = ["github", "gitlab", "circleci"];

/** The settings file of a service. */
function pipelineOf(ci: CiService, more: Partial<InitOptions> = {}): string {
  return (
    initFiles({ ...options, ci: { service: ci, programUrl: "https://git.example/o'r.git" }, ...more }).at(-1)?.text ??
    ""
  );
}

/** Every text in a document that has several lines: the scripts. */
function scriptsOf(value: unknown): readonly string[] {
  if (typeof value === "string") return value.includes("\n") ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(scriptsOf) : [];
}

test("begins with settings that are read back", () => {
  const [settings] = initFiles(options);

  expect(RegistrySettings.parse(parse(settings?.text ?? ""))).toMatchObject(options.settings);
});

test.each(services)("%s: the settings are YAML, and every script is one that sh understands", (ci) => {
  for (const isMetadataOnly of [false, true]) {
    const document: unknown = parse(pipelineOf(ci, { isMetadataOnly }));
    const scripts = scriptsOf(document);

    expect(z.record(z.string(), z.unknown()).safeParse(document).success).toBe(true);
    expect(scripts.length).toBeGreaterThan(1);
    for (const script of scripts) execFileSync("sh", ["-n"], { input: script });
  }
});

test.each(services)(
  "%s: requests are checked and built without storage, merges are built, kept and published",
  (ci) => {
    const text = pipelineOf(ci);

    expect(text).toMatch(/registry check --against/);
    expect(text).toContain("registry build --local");
    expect(text).toContain("-- '*/manifests/*/image.yaml' | xargs -0 -r git add --");
    expect(text).toContain("registry publish");
    expect(text).toMatch(/rebuild/i);
  },
);

test.each(services)("%s: with images that are built elsewhere, nothing is built and what is said is verified", (ci) => {
  const text = pipelineOf(ci, { isMetadataOnly: true });

  expect(text).toContain("--verify");
  expect(text).not.toContain("registry build");
});
