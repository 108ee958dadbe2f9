import { describe, expect, test } from "vitest";
import { factsFromFiles } from "./facts-from-files.ts";
import { knownBaseFacts } from "./known-base-facts.ts";

describe("bases known by name", () => {
  test.each([
    ["debootstrap:trixie", "debian", "trixie", ["3.13"]],
    ["debootstrap:jammy", "ubuntu", "jammy", ["3.10", "3.11"]],
    ["docker://debian:13", "debian", "trixie", ["3.13"]],
    ["docker://debian:12.8-slim", "debian", "bookworm", ["3.11"]],
    ["docker://debian", "debian", "trixie", ["3.13"]],
    ["docker://docker.io/library/ubuntu:24.04", "ubuntu", "noble", ["3.12"]],
    ["docker://buildpack-deps:24.04", "ubuntu", "noble", ["3.12"]],
    ["docker://buildpack-deps:bookworm-scm", "debian", "bookworm", ["3.11"]],
    ["docker://debian:trixie-20251117-slim", "debian", "trixie", ["3.13"]],
  ])("%s", (reference, distribution, codename, packagedPythons) => {
    expect(knownBaseFacts(reference)).toMatchObject({
      reference,
      distribution,
      codename,
      packagedPythons,
      packageManager: "apt",
      pythons: [],
    });
  });

  test("Python's own images have theirs", () => {
    expect(knownBaseFacts("docker://python:3.12-slim")?.pythons).toEqual([
      { version: "3.12", path: "/usr/local/bin/python3.12" },
    ]);
    expect(knownBaseFacts("docker://python:3.11.4-bookworm")).toMatchObject({
      codename: "bookworm",
      pythons: [{ version: "3.11.4" }],
    });
  });

  test.each([
    "docker://python:3.12-alpine",
    "docker://quay.io/x/debian:13",
    "docker://debian:99",
    "./x.sif",
    "docker://debian@sha256:" + "0".repeat(64),
    "debootstrap:../x",
  ])("%s is not", (reference) => expect(knownBaseFacts(reference)).toBeUndefined());
});

describe("bases known by their files", () => {
  const osRelease = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n';

  test("interpreters that were added come before the distribution's, newer before older", () => {
    const facts = factsFromFiles("./x", {
      osRelease,
      hasApt: true,
      pythonPaths: ["/usr/bin/python3.11", "/usr/local/bin/python3.9", "/usr/local/bin/python3.12", "/usr/bin/python3"],
    });

    expect(facts.pythons.map(({ path }) => path)).toEqual([
      "/usr/local/bin/python3.12",
      "/usr/local/bin/python3.9",
      "/usr/bin/python3.11",
    ]);
    expect(facts).toMatchObject({
      distribution: "debian",
      codename: "bookworm",
      packageManager: "apt",
      packagedPythons: ["3.11"],
    });
  });

  test("installed packages are read from dpkg's status", () => {
    const dpkgStatus =
      "Package: git\nStatus: install ok installed\nVersion: 1\n\nPackage: gone\nStatus: deinstall ok config-files\n\n";

    expect(factsFromFiles("./x", { osRelease, hasApt: true, pythonPaths: [], dpkgStatus }).hasPackages).toEqual([
      "git",
    ]);
  });

  test("a base without os-release and apt is one", () => {
    expect(factsFromFiles("./x", { osRelease: "", hasApt: false, pythonPaths: [] })).toEqual({
      reference: "./x",
      distribution: "",
      codename: "",
      packageManager: "none",
      pythons: [],
      packagedPythons: [],
    });
  });
});
