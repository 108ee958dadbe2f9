import fc from "fast-check";
import { expect, test } from "vitest";
import { daemonImageName } from "./made-image.ts";

test("every repository has a name that docker takes", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      expect(daemonImageName(name)).toMatch(/^repo2singularity\/[a-z0-9]+(?:(?:\.|_|-+)[a-z0-9]+)*:latest$/);
    }),
  );
});

test("a name that docker takes stays as it is", () => {
  expect(daemonImageName("my_course-2.0")).toBe("repo2singularity/my_course-2.0:latest");
});
