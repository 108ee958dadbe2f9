import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide, type Target } from "./decide.ts";
import type { Identity } from "./identity.ts";
import { actions, everything, formatScope, isWithin, parseScope, type Scope } from "./scope.ts";

const account: Identity & { kind: "account" } = {
  kind: "account",
  accountId: 1,
  name: "alice",
  isAdmin: false,
  isRobot: false,
  scopes: [everything],
  tokenId: "t",
};
const target = (path: string, more: Partial<Target> = {}): Target => ({
  path,
  isPrivate: false,
  role: undefined,
  ...more,
});

describe("who may do what", () => {
  test("anybody pulls what is public, nobody without a token does more", () => {
    const anonymous: Identity = { kind: "anonymous" };

    expect(actions.map((action) => decide(anonymous, action, target("lab/x")))).toEqual([
      "allowed",
      "unauthenticated",
      "unauthenticated",
      "unauthenticated",
    ]);
    expect(decide(anonymous, "pull", target("lab/x", { isPrivate: true }))).toBe("unauthenticated");
  });

  test("an account owns the collection of its name, and no other that begins like it", () => {
    expect(actions.map((action) => decide(account, action, target("alice/x", { isPrivate: true })))).toEqual(
      actions.map(() => "allowed"),
    );
    expect(decide(account, "push", target("alice2/x"))).toBe("forbidden");
  });

  test("roles give what they say", () => {
    const allowed = (role: Target["role"]): string[] =>
      actions.filter((action) => decide(account, action, target("lab/x", { isPrivate: true, role })) === "allowed");

    expect(allowed(undefined)).toEqual([]);
    expect(allowed("reader")).toEqual(["pull"]);
    expect(allowed("writer")).toEqual(["pull", "push"]);
    expect(allowed("owner")).toEqual([...actions]);
  });

  test("a token limits even an admin", () => {
    const robot: Identity = { ...account, isAdmin: true, isRobot: true, scopes: [parseScope("lab/**:push,pull")] };

    expect(decide(robot, "push", target("lab/tools/x"))).toBe("allowed");
    expect(decide(robot, "delete", target("lab/tools/x"))).toBe("forbidden");
    expect(decide(robot, "push", target("labs/x"))).toBe("forbidden");
  });

  test("a short-lived token that was not asked for this asks for another", () => {
    const limited: Identity = { ...account, limits: [parseScope("alice/x:pull")] };

    expect(decide(limited, "pull", target("alice/x", { isPrivate: true }))).toBe("allowed");
    expect(decide(limited, "push", target("alice/x"))).toBe("unauthenticated");
    expect(decide(limited, "push", target("lab/x"))).toBe("forbidden");
  });

  test("a token never allows what its account may not do", () => {
    const pattern = fc.constantFrom("**", "lab/**", "lab/x", "alice/**");
    const scope: fc.Arbitrary<Scope> = fc.record({ pattern, actions: fc.subarray([...actions]) });
    const path = fc.constantFrom("lab/x", "lab/y/z", "alice/x", "other", "");
    const role = fc.constantFrom(undefined, "reader", "writer", "owner" as const);
    fc.assert(
      fc.property(
        fc.array(scope),
        path,
        role,
        fc.constantFrom(...actions),
        fc.boolean(),
        (scopes, path, role, action, isPrivate) => {
          const where = target(path, { isPrivate, role });
          const narrow = decide({ ...account, scopes }, action, where);

          if (narrow === "allowed") expect(decide(account, action, where)).toBe("allowed");
        },
      ),
    );
  });
});

describe("scopes", () => {
  test("come back from their text", () => {
    for (const text of ["**:*", "lab/**:pull,push", "lab/x:delete"]) expect(formatScope(parseScope(text))).toBe(text);
  });

  test("are refused when they say something unknown", () => {
    for (const text of ["", "lab", "lab:", "lab:read", "Lab:pull", "../x:pull", "lab/*:pull", "lab:pull,"]) {
      expect(() => parseScope(text), text).toThrow("is no scope");
    }
  });

  test("end at the borders of names", () => {
    expect(isWithin(parseScope("lab/**:pull"), "pull", "lab")).toBe(true);
    expect(isWithin(parseScope("lab/**:pull"), "pull", "labor/x")).toBe(false);
  });
});
