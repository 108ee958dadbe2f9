import { describe, expect, test } from "vitest";
import { isAppError } from "@repo2singularity/base";
import { checkBinds, parseBind } from "./bind.ts";

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
  return undefined;
}

describe("--bind", () => {
  test("shows a path under its own name when no other is given", () => {
    expect(parseBind("data", "/home/me")).toEqual({
      source: "/home/me/data",
      target: "/home/me/data",
      isReadOnly: false,
    });
  });

  test("takes a path in the session and whether it may be written", () => {
    expect(parseBind("/scratch:/data/:ro", "/")).toEqual({ source: "/scratch", target: "/data", isReadOnly: true });
    expect(parseBind("/scratch::rw", "/")).toEqual({ source: "/scratch", target: "/scratch", isReadOnly: false });
  });

  test.each(["", ":/data", "/a:b", "/a:/b:rx", "/a:/b:ro:x", "/a,b", "/a:/", "/a:/b/.."])("refuses %j", (text) => {
    expect(codeOf(() => parseBind(text, "/"))).toBe("E_USAGE");
  });

  test("says which bound path is missing", async () => {
    const binds = [parseBind("/:/host", "/"), parseBind("/no/such/folder:/data", "/")];

    await expect(checkBinds(binds)).rejects.toThrow("/no/such/folder");
  });
});
