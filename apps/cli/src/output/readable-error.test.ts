import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readableError } from "./readable-error.ts";

const caught = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

test("a file that is not there is told by its path", () => {
  const error = readableError(caught(() => readFileSync("/no/such/file")));

  expect(error).toMatchObject({ code: "E_FILE_ACCESS", message: "/no/such/file: no such file or folder" });
});

test.each(["ENOSPC", "EDQUOT"])("%s means that the machine lacks space", (code) => {
  const error = readableError(Object.assign(new Error("write"), { code, syscall: "write", path: "/a/b" }));

  expect(error).toMatchObject({ code: "E_NO_SPACE" });
});

test("a mistake of the program stays one", () => {
  const mistake = new TypeError("undefined is not a function");

  expect(readableError(mistake)).toBe(mistake);
});

test("of an error and what failed behind it, the first is told", () => {
  const first = Object.assign(new Error("write"), { code: "ENOSPC", syscall: "write", path: "/a/b" });

  expect(readableError(new SuppressedError(new Error("not put away"), first))).toMatchObject({ code: "E_NO_SPACE" });
});
