import type { ImageRecord } from "@repo2singularity/contracts";
import { expect, test } from "vitest";
import { packageUrl } from "./package-url.ts";
import { provenanceStatement } from "./provenance.ts";
import { spdxDocument } from "./spdx-document.ts";

const record: ImageRecord = {
  schemaVersion: 1,
  key: "k".repeat(64),
  source: { url: "https://example.org/lab/tides.git", provider: "git", ref: "main", commit: "c".repeat(40) },
  base: { reference: "debootstrap:trixie", digest: `sha256:${"b".repeat(64)}` },
  platform: "linux/amd64",
  timestamp: 1_700_000_000,
  recipe: {},
  layers: [{ name: "base", key: "b", digest: `sha256:${"b".repeat(64)}`, sizeBytes: 1 }],
  packages: [
    { manager: "apt", name: "libstdc++6", version: "14.2.0-19+b1" },
    { manager: "python", name: "numpy", version: "2.1.0", prefix: "/srv/env" },
    { manager: "python", name: "numpy", version: "2.1.0", prefix: "/srv/jupyter" },
  ],
};

test("a bill of materials names every package by its package URL, and each place of it once", () => {
  const document = JSON.parse(spdxDocument(record)) as {
    packages: { SPDXID: string; name: string; externalRefs?: { referenceLocator: string }[] }[];
    relationships: unknown[];
    creationInfo: { created: string };
  };

  expect(document.packages.map(({ externalRefs }) => externalRefs?.[0]?.referenceLocator)).toEqual([
    undefined,
    "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19%2Bb1",
    "pkg:pypi/numpy@2.1.0",
    "pkg:pypi/numpy@2.1.0",
  ]);
  expect(document.packages[0]?.name).toBe("tides");
  expect(new Set(document.packages.map(({ SPDXID }) => SPDXID)).size).toBe(4);
  expect(document.packages.every(({ SPDXID }) => /^SPDXRef-[A-Za-z0-9.-]+$/.test(SPDXID))).toBe(true);
  expect(document.relationships).toHaveLength(3);
  expect(document.creationInfo.created).toBe("2023-11-14T22:13:20Z");
});

test.each([
  ["conda", "python", "3.12.1=h_1", "pkg:conda/python@3.12.1?build=h_1"],
  ["r", "data.table", "1.16.0", "pkg:cran/data.table@1.16.0"],
  ["apt", "a b", "1:2", "pkg:deb/ubuntu/a%20b@1%3A2"],
] as const)("%s packages have URLs of their own type", (manager, name, version, expected) => {
  expect(packageUrl({ manager, name, version }, { distribution: "ubuntu" })).toBe(expected);
});

test("provenance says of which commit and base the file is", () => {
  const statement = JSON.parse(
    provenanceStatement(record, { name: "tides.sif", digest: `sha256:${"d".repeat(64)}` }),
  ) as object;

  expect(statement).toMatchObject({
    subject: [{ name: "tides.sif", digest: { sha256: "d".repeat(64) } }],
    predicate: {
      buildDefinition: {
        externalParameters: { source: "https://example.org/lab/tides.git", ref: "main", base: "debootstrap:trixie" },
        resolvedDependencies: [
          { uri: "git+https://example.org/lab/tides.git", digest: { gitCommit: "c".repeat(40) } },
          { uri: "debootstrap:trixie", digest: { sha256: "b".repeat(64) } },
        ],
      },
    },
  });
});
