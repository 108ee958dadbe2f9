import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { guarded, storeFailure } from "./failure.ts";

const failure = (code: string): Error => Object.assign(new Error(code), { code });

test("a full disk and a used-up quota are told apart from other failures", () => {
  expect(storeFailure(failure("ENOSPC"), "/c")).toMatchObject({ code: "E_NO_SPACE", message: "/c: the disk is full" });
  expect(storeFailure(failure("EDQUOT"), "/c")).toMatchObject({ code: "E_NO_SPACE" });
  expect(storeFailure(failure("EROFS"), "/c")).toMatchObject({ code: "E_STORE_UNUSABLE" });
});

test("an abort passes through as it is", () => {
  const abort = new DOMException("aborted", "AbortError");

  expect(storeFailure(abort, "/c")).toBe(abort);
});

test.runIf(existsSync("/dev/full"))("the kernel's own answer on a full device is understood", async () => {
  const write = guarded("/dev/full", () => writeFile("/dev/full", "x"));

  await expect(write).rejects.toMatchObject({ code: "E_NO_SPACE" });
});
