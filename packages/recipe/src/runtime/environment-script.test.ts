import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { environmentScript, leakingVariables } from "./environment-script.ts";

const recipe = {
  environment: { LANG: "C.UTF-8", GREETING: "it's $HOME", R_LIBS_USER: "/srv/r" },
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
      leakingVariables.filter((name) => !name.startsWith("LD_")).map((name) => [name, "/of-the-host"]),
    );

    const after = environmentAfter({ PATH: "/usr/bin:/bin", ...host });

    expect([...after].filter(([, value]) => value.includes("/of-the-host"))).toEqual([]);
  });

  test("takes them away under Apptainer, which gives back what is not set", () => {
    const script = `__exported_env__='A=1\nPYTHONPATH=/mine\nB=2'\n${environmentScript(recipe)}\nenv`;

    const output = execFileSync("/bin/sh", ["-c", script], { env: { PATH: "/usr/bin:/bin" }, encoding: "utf8" });

    expect(output).toMatch(/^PYTHONPATH=$/m);
    expect(output).not.toMatch(/^JULIA_DEPOT_PATH/m);
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

  test("sets the recipe's variables as they are, without expansion, over the host's", () => {
    const after = environmentAfter({ PATH: "/usr/bin:/bin", R_LIBS_USER: "/mine" });

    expect(after.get("R_LIBS_USER")).toBe("/srv/r");
    expect(after.get("GREETING")).toBe("it's $HOME");
  });

  test("puts the image's folders in front of PATH once, however often it is read", () => {
    const once = environmentAfter({ PATH: "/usr/bin:/bin" }).get("PATH") ?? "";

    expect(once).toBe("/srv/bin:/srv/env/bin:/usr/bin:/bin");
    expect(environmentAfter({ PATH: once }).get("PATH")).toBe(once);
  });

  test("sees the wish for the user's home where Apptainer keeps the host's variables", () => {
    const script = `__exported_env__='A=1\nR2S_USE_HOME=1\nB=2'\n${environmentScript(recipe)}\necho "[$PYTHONPATH]"`;

    expect(execFileSync("/bin/sh", ["-c", script], { env: { PYTHONPATH: "/mine" }, encoding: "utf8" })).toBe(
      "[/mine]\n",
    );
  });

  test("forgets the entrypoint of another image", () => {
    const script = environmentScript({ environment: {}, pathPrefix: [], command: ["true"] });

    expect(script).toContain("export R2D_ENTRYPOINT=''");
  });
});
