import { expect, test } from "vitest";
import { BuildEvent } from "./build-event.ts";
import { Recipe } from "./recipe.ts";

test("a recipe survives its own JSON", () => {
  const recipe: Recipe = {
    version: 1,
    family: "python",
    base: "debootstrap:trixie",
    platform: "linux/amd64",
    groups: [
      {
        name: "content",
        title: "Repository",
        steps: [{ kind: "copy", title: "Copy", paths: ["."], destination: "/srv/repo" }],
      },
    ],
    environment: { LANG: "C.UTF-8" },
    pathPrefix: ["/srv/env/bin"],
    repoDir: "/srv/repo",
    command: ["jupyter", "lab"],
    labels: {},
    decisions: [{ subject: "requirements.txt", outcome: "used", reason: "no other environment file" }],
  };

  expect(Recipe.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
});

test("a step into a relative path is refused", () => {
  expect(() =>
    Recipe.shape.groups.parse([
      { name: "content", title: "x", steps: [{ kind: "write", title: "x", path: "etc/x", content: "", mode: 0o644 }] },
    ]),
  ).toThrow();
});

test("an event of an unknown type is refused", () => {
  expect(BuildEvent.safeParse({ type: "surprise", timeMs: 0 }).success).toBe(false);
});
