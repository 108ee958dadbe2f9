import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { environmentScript, leakingVariables } from "./environment-script.ts";

const recipe = {
  environment: { LANG: "C.UTF-8", GREETING: "it's $HOME" },
  pathPrefix: ["/srv/bin", "/srv/env/bin"],
  startScript: "/srv/repo/start",
  command: ["jupyter-lab", "--no-browser"],
};

function environmentAfter(env: Record<string, string>): Map<string, string> {
  const script = `${environmentScript(recipe)}\nenv -0`;
  const output = execFileSync("/bin/sh", ["-c", script], { env, encoding: "utf8" });
  return new Map(output.split("\0").map((line) => [line.split("=", 1)[0] ?? "", line.slice(line.indexOf("=") + 1)]));
}

describe("the environment script", () => {
  test("takes away every variable of the host that would reach the image's programs", () => {
    const host = Object.fromEntries(
      leakingVariables.filter((name) => !name.startsWith("LD_")).map((name) => [name, "/host"]),
    );

    const after = environmentAfter({ PATH: "/usr/bin:/bin", ...host });

    expect([...after.values()].filter((value) => value.includes("/host"))).toEqual([]);
  });

  test("leaves them when the user's home is asked for", () => {
    const after = environmentAfter({
      PATH: "/usr/bin:/bin",
      R2S_USE_HOME: "1",
      PYTHONPATH: "/mine",
      JUPYTER_PATH: "/kernels",
    });

    expect(after.get("PYTHONPATH")).toBe("/mine");
    expect(after.get("JUPYTER_PATH")).toMatch(/:\/kernels$/);
  });

  test("sets the recipe's variables as they are, without expansion", () => {
    expect(environmentAfter({ PATH: "/usr/bin:/bin" }).get("GREETING")).toBe("it's $HOME");
  });

  test("puts the image's folders in front of PATH once, however often it is read", () => {
    const once = environmentAfter({ PATH: "/usr/bin:/bin" }).get("PATH") ?? "";

    expect(once).toBe("/srv/bin:/srv/env/bin:/usr/bin:/bin");
    expect(environmentAfter({ PATH: once }).get("PATH")).toBe(once);
  });

  test("forgets the entrypoint of another image", () => {
    const text = environmentScript({ environment: {}, pathPrefix: ["/srv/bin"], command: ["true"] });

    expect(text).toContain("unset R2D_ENTRYPOINT");
  });
});
