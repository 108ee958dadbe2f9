import type { LockedPackage, PackageLock } from "@repo2singularity/contracts";
import { isAppError } from "@repo2singularity/base";
import { expect, test } from "vitest";
import type { ResolvedBase } from "../base/resolved-base.ts";
import { checkLockedBase, checkLockedImage, checkLockedLayer, hasPackagesOf } from "./compare-lock.ts";

const numpy: LockedPackage = { manager: "python", name: "numpy", version: "1.26.4", prefix: "/srv/env" };
const curl: LockedPackage = { manager: "apt", name: "curl", version: "8.1-1" };
const lock: PackageLock = {
  schemaVersion: 1,
  platform: "linux/amd64",
  base: { reference: "debootstrap:trixie", digest: "sha256:1" },
  packages: [curl, numpy],
};

function layer(...packages: readonly LockedPackage[]): Parameters<typeof checkLockedLayer>[2] {
  return { installed: Object.fromEntries(packages.map((one, index) => [String(index), one])), removed: [] };
}

function base(digest: string, ...apt: readonly LockedPackage[]): ResolvedBase {
  const packages = { apt, installed: {}, removed: [] };
  return { reference: "docker://debian:12", digest, packages } as unknown as ResolvedBase; // the rest is not looked at
}

function unfit(check: () => void): string {
  try {
    check();
  } catch (error) {
    if (isAppError(error, "E_LOCK_UNFIT")) return error.message;
    throw error;
  }
  return "";
}

test("an image fits its own lock, whatever the order", () => {
  expect(hasPackagesOf(lock, [numpy, curl])).toBe(true);
  expect(unfit(() => checkLockedImage(lock, [numpy, curl]))).toBe("");
});

test.each([
  ["another version", { ...numpy, version: "2.0.0" }, "numpy (python, /srv/env) is 2.0.0, the lock has 1.26.4"],
  ["a package more", { ...numpy, name: "six" }, "six (python, /srv/env) 1.26.4 is not in the lock"],
  ["another environment", { ...numpy, prefix: "/srv/other" }, "numpy (python, /srv/other) 1.26.4 is not in the lock"],
  [
    "another place of origin",
    { ...numpy, source: "git+https://x@1" },
    "is from git+https://x@1, the lock has an index",
  ],
])("%s is named", (_what, found, text) => {
  expect(unfit(() => checkLockedLayer(lock, "Python environment", layer(found)))).toContain(text);
});

test("content counts where both sides know it", () => {
  const known: PackageLock = { ...lock, packages: [{ ...numpy, digest: "sha256:a" }] };

  expect(unfit(() => checkLockedLayer(known, "x", layer({ ...numpy, digest: "sha256:b" })))).toContain("other content");
  expect(unfit(() => checkLockedLayer(known, "x", layer(numpy)))).toBe("");
});

test("a layer may lack packages, an image may not", () => {
  expect(unfit(() => checkLockedLayer(lock, "x", layer(numpy)))).toBe("");
  expect(unfit(() => checkLockedImage(lock, [numpy]))).toContain("curl (apt) 8.1-1 of the lock is missing");
});

test("the repository's own package is content, not a version that a lock holds", () => {
  const own: LockedPackage = { ...numpy, name: "mine", version: "7", source: "file:///srv/repo" };

  expect(unfit(() => checkLockedImage(lock, [numpy, curl, own]))).toBe("");
  expect(unfit(() => checkLockedImage({ ...lock, packages: [...lock.packages, own] }, [numpy, curl]))).toBe("");
});

test("a long list of differences is cut, and kept whole in the error's data", () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ ...numpy, name: `p${index}` }));

  expect(unfit(() => checkLockedLayer(lock, "x", layer(...many)))).toMatch(/; and 12 more$/);
});

test("another base fits when its packages do, and a lock is for one platform", () => {
  expect(unfit(() => checkLockedBase(lock, base("sha256:2", curl), "linux/amd64"))).toBe("");
  expect(unfit(() => checkLockedBase(lock, base("sha256:2", { ...curl, version: "7" }), "linux/amd64"))).toContain(
    "the base docker://debian:12 is not that of the lock, debootstrap:trixie: curl (apt) is 7, the lock has 8.1-1",
  );
  expect(unfit(() => checkLockedBase(lock, base("sha256:1"), "linux/arm64"))).toContain("linux/arm64");
});
