import { expect, test } from "vitest";
import { juliaManifestPackages } from "./manifest-packages.ts";

const entries = (table: string): string => `
[[${table}Dates]]
deps = ["Printf"]
uuid = "ade2ca70-3891-5945-98fb-dc099432e06a"

[[${table}Example]]
git-tree-sha1 = "46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc"
uuid = "7876af07-990d-54b4-ab0e-23690620f79a"
version = "0.5.3"

[[${table}Forked]]
git-tree-sha1 = "56e44e869b4d90b96bd8ed1fdcf32244fddfb6cc"
repo-rev = "main"
repo-url = "https://somebody:secret@example.org/Forked.jl"
uuid = "8876af07-990d-54b4-ab0e-23690620f79a"
version = "1.0.0"

[[${table}Own]]
path = "deps/Own"
uuid = "9876af07-990d-54b4-ab0e-23690620f79a"
version = "0.1.0"
`;

test.each([
  ["1", entries("")],
  ["2.0", `julia_version = "1.10.4"\nmanifest_format = "2.0"\n${entries("deps.")}`],
])("reads the packages of a manifest of format %s, without those of Julia itself", (_format, text) => {
  const packages = juliaManifestPackages(text, "/srv/repo");

  const common = { manager: "julia", prefix: "/srv/repo" };
  expect(packages).toEqual([
    { ...common, name: "Example", version: "0.5.3", digest: "git-tree:46e44e869b4d90b96bd8ed1fdcf32244fddfb6cc" },
    {
      ...common,
      name: "Forked",
      version: "1.0.0",
      digest: "git-tree:56e44e869b4d90b96bd8ed1fdcf32244fddfb6cc",
      source: expect.stringMatching(/^git\+https:\/\/(?!.*secret).*example\.org\/Forked\.jl@main$/) as string,
    },
    { ...common, name: "Own", version: "0.1.0", source: "file:///srv/repo/deps/Own" },
  ]);
});

test.each(["= no toml", "", "x = 1"])("%j names no packages", (text) => {
  expect(juliaManifestPackages(text, "/srv/repo")).toEqual([]);
});
