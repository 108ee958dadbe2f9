import { ContainerRecipe, type ContainerStep, ImageConfig, type Stage } from "@repo2singularity/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryTree } from "../../tree/repo-tree.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { planContainer } from "../plan-container.ts";

const base = ImageConfig.parse({ environment: { PATH: "/bin", LANG: "C.UTF-8" }, entrypoint: ["/init"], cmd: ["x"] });

function plan(
  text: string,
  options: Partial<ContainerPlanOptions> & { files?: Record<string, string> } = {},
): ContainerRecipe {
  const { files = {}, ...rest } = options;
  const recipe = planContainer({ path: "Dockerfile", text }, "dockerfile", {
    tree: memoryTree({ Dockerfile: text, ...files }),
    platform: "linux/amd64",
    buildArgs: {},
    describeBase: () => base,
    ...rest,
  });
  expect(ContainerRecipe.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  return recipe;
}

function lastStage(recipe: ContainerRecipe): Stage {
  const stage = recipe.stages.at(-1);
  if (stage === undefined) throw new Error("no stage");
  return stage;
}

function steps(text: string, options: Parameters<typeof plan>[1] = {}): readonly ContainerStep[] {
  return lastStage(plan(text, options)).groups.flatMap((group) => group.steps);
}

function runStep(text: string, options: Parameters<typeof plan>[1] = {}): Extract<ContainerStep, { kind: "run" }> {
  const step = steps(text, options).find((one) => one.kind === "run");
  if (step?.kind !== "run") throw new Error("nothing runs");
  return step;
}

const configOf = (text: string): ImageConfig => lastStage(plan(text)).config;

describe("stages", () => {
  const text =
    "FROM a AS one\nRUN 1\nFROM b\nRUN 2\nFROM one AS three\nCOPY --from=1 /x /y\nRUN 3\nFROM c AS four\nRUN 4\n";

  test("only those that the last one needs are planned", () => {
    const recipe = plan("FROM a AS one\nRUN 1\nFROM b\nRUN 2\nFROM one\nRUN 3\n");

    expect(recipe.stages.map(({ name }) => name)).toEqual(["one", "2"]);
    expect(recipe.decisions).toContainEqual(expect.objectContaining({ subject: "stage 1", outcome: "ignored" }));
  });

  test("a target names another last one, by name or number", () => {
    expect(plan(text, { target: "Three" }).stages.map(({ name }) => name)).toEqual(["one", "1", "three"]);
    expect(plan(text, { target: "0" }).stages.map(({ name }) => name)).toEqual(["one"]);
    expect(() => plan(text, { target: "five" })).toThrow(/there is no stage five/);
  });

  test("an argument before FROM fills it, and reaches a stage that declares it", () => {
    const recipe = plan("ARG V=12\nARG I=debian:$V\nFROM ${I}\nARG V\nRUN x\nFROM scratch\nRUN y\n", { target: "0" });

    expect(lastStage(recipe).base).toEqual({ kind: "image", reference: "docker://debian:12" });
    expect(runStep("ARG V=12\nFROM a\nRUN x\n").env).not.toHaveProperty("V");
    expect(runStep("ARG V=12\nFROM a\nARG V\nRUN x\n").env["V"]).toBe("12");
    expect(runStep("ARG V=12\nFROM a\nARG V=13\nRUN x\n", { buildArgs: { V: "14" } }).env["V"]).toBe("14");
  });

  test("a mistake in a stage that is not needed stops nothing", () => {
    expect(plan("FROM a\nCOPY nothing /\nFROM b\nRUN 1\n").stages).toHaveLength(1);
  });

  test.each([
    ["RUN x\nFROM a\n", /Dockerfile:1: only ARG may stand before FROM/],
    ["# nothing\nARG A\n", /Dockerfile:2: there is no FROM/],
    ["FROM\n", /FROM has no arguments/],
    ["FROM $NONE\n", /Dockerfile:1: FROM \$NONE names no image/],
    ["FROM a b\n", /FROM takes IMAGE or IMAGE AS NAME/],
    ["FROM a AS x\nFROM b AS X\n", /Dockerfile:2: there are two stages x/],
    ["FROM --platform=linux/s390x a\n", /FROM is for linux\/s390x/],
    ["FROM a;id\n", /"a;id" is no image's name/],
    ["FROM $(id)\n", /is no image's name/],
    ["FROM a\nCOPY --from=../x /a /b\n", /"\.\.\/x" is no image's name/],
    ["FROM a AS x\nCOPY --from=y /a /b\nFROM b AS y\n", /.*/],
    ["FROM a\nCOPY --from=x /a /b\nFROM b AS x\nFROM 0\nCOPY --from=0 / /\nFROM x\n", /.*/],
    ["FROM a\nRUN x\n\nBOGUS y\n", /Dockerfile:4: there is no instruction BOGUS/],
    ["FROM a\nRUN <<EOF\nx\n", /Dockerfile:2: the here-document is not ended by a line EOF/],
    ["FROM a\nENV =x\n", /Dockerfile:2: name=value is expected/],
    ["FROM a\nENV x=${y\n", /Dockerfile:2: .*is missing after/],
    ["FROM a\nRUN --mount=type=ssh,required x\n", /no agent's socket/],
    ["FROM a\nRUN --mount=type=bind,source=../x,target=/y x\n", /is outside/],
    ["FROM a\nRUN --mount=type=cache x\n", /target is missing/],
    ["FROM a\nADD https://example.org/x.git /x\n", /ADD cannot fetch/],
    ["FROM a\nADD git@example.org:x /x\n", /ADD cannot fetch/],
    ["FROM a\nCOPY --bogus x /y\n", /COPY has no flag --bogus/],
    ["FROM a\nCOPY ../secret /y\n", /Dockerfile:2: \.\.\/secret is not in the repository/],
    ["FROM a\nSHELL /bin/bash\n", /SHELL takes the form/],
    ["FROM a\nONBUILD FROM x\n", /ONBUILD FROM is not allowed/],
    ["# escape=x\nFROM a\n", /escape directive/],
    [" \n", /the file is empty/],
  ])("%j is refused or planned as Docker would", (text, reason) => {
    if (reason.source === ".*") expect(plan(text).stages.length).toBeGreaterThan(0);
    else expect(() => plan(text)).toThrow(reason);
  });
});

describe("RUN", () => {
  test("keeps the command's text for the shell, continued lines joined and comments left out", () => {
    const step = runStep('FROM a\nSHELL ["/bin/bash", "-ec"]\nRUN echo "$HOME" \\\n  # why\n\n  && true\n');

    expect(step.argv).toEqual(["/bin/bash", "-ec", 'echo "$HOME"   && true']);
  });

  test("the exec form needs no shell", () => {
    expect(runStep('FROM a\nRUN ["echo", "a b"]\n').argv).toEqual(["echo", "a b"]);
    expect(runStep("FROM a\nRUN ['x']\n").argv).toEqual(["/bin/sh", "-c", "['x']"]);
  });

  test("a here-document is the script, or the input of a command", () => {
    expect(runStep("FROM a\nRUN <<EOF\necho a \\\n# kept\n  b\nEOF\n").argv).toEqual([
      "/bin/sh",
      "-c",
      "echo a \\\n# kept\n  b\n",
    ]);
    expect(runStep("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF\n")).toMatchObject({
      argv: [],
      script: "#!/usr/bin/env python3\nprint(1)\n",
    });
    expect(runStep("FROM a\nRUN cat <<A - <<-'B'\none\nA\n\ttwo\n\tB\n").argv.at(-1)).toBe(
      "cat <<A - <<-'B'\none\nA\ntwo\nB\n",
    );
  });

  test("sees arguments and variables as they are at its place", () => {
    const text = "FROM a\nARG X=1\nENV Y=$X Z=$Y\nENV Z2=$Y\nRUN one\nENV Y=3\nRUN two\n";
    const environments = steps(text).map((step) => (step.kind === "run" ? step.env : {}));

    expect(environments[0]).toMatchObject({ PATH: "/bin", LANG: "C.UTF-8", X: "1", Y: "1", Z: "", Z2: "1" });
    expect(environments[1]).toMatchObject({ Y: "3" });
  });

  test("repo2docker's arguments have its values", () => {
    expect(runStep("FROM a\nARG NB_USER\nARG NB_UID\nUSER ${NB_USER}\nRUN x\n")).toMatchObject({
      user: "jovyan",
      env: { NB_UID: "1000" },
    });
  });

  test("mounts are read, relative targets in the working folder", () => {
    const mounts = runStep(
      "FROM a AS b\nFROM a\nWORKDIR /w\nENV C=cache\nRUN --mount=type=${C},target=$C --mount=from=b,src=/x,target=y --mount=type=secret,id=t,required=false --mount=type=secret,id=u,env=U --mount=type=tmpfs,dst=/t --mount=type=ssh --network=none x\n",
    );

    expect(mounts.network).toBe(false);
    expect(mounts.mounts).toEqual([
      { kind: "cache", id: "/w/cache", target: "/w/cache" },
      { kind: "bind", from: { kind: "stage", name: "b" }, source: "x", target: "/w/y" },
      { kind: "secret", id: "t", isRequired: false, target: "/run/secrets/t" },
      { kind: "secret", id: "u", isRequired: true, variable: "U" },
      { kind: "tmpfs", target: "/t" },
    ]);
  });
});

describe("COPY and ADD", () => {
  const files = { "a.txt": "", "b.txt": "", "dir/c": "", "x.tar.gz": "" };

  test("each is a layer, with the folders of WORKDIR in it", () => {
    const { groups } = lastStage(
      plan("FROM a\nWORKDIR /w\nWORKDIR sub\nCOPY a.txt .\nADD dir /d/\nWORKDIR /end\n", { files }),
    );

    expect(groups.map(({ steps: all }) => all.map(({ kind }) => kind))).toEqual([
      ["folder", "folder", "copy"],
      ["copy"],
      ["folder"],
    ]);
    expect(groups[0]?.steps[1]).toMatchObject({ path: "/w/sub" });
    expect(groups[0]?.steps[2]).toMatchObject({ sources: ["a.txt"], destination: "/w/sub/", unpacks: false });
    expect(groups[1]?.steps[0]).toMatchObject({ unpacks: true });
  });

  test("instructions without files make no layer", () => {
    const text = "FROM a\nENV A=1\nLABEL b=2\nEXPOSE 80\nUSER x\nVOLUME /v\nHEALTHCHECK NONE\nSTOPSIGNAL 9\nCMD x\n";

    expect(lastStage(plan(text)).groups).toEqual([]);
    expect(plan(text).decisions.filter(({ outcome }) => outcome === "ignored")).toHaveLength(4);
  });

  test("several sources need a folder, and wildcards must match", () => {
    expect(() => plan("FROM a\nCOPY a.txt b.txt /x\n", { files })).toThrow(/must end with a slash/);
    expect(() => plan("FROM a\nCOPY *.md /x/\n", { files })).toThrow(/\*\.md is not in the repository/);
    expect(steps('FROM a\nCOPY ["a.txt", "?.txt", "/x y/"]\n', { files })[0]).toMatchObject({ destination: "/x y/" });
  });

  test("here-documents become files, with variables unless their name has quotes", () => {
    const text = "FROM a\nENV V=1\nCOPY --chmod=755 <<one <<'two' a.txt /x/\nv=$V \"q\"\none\nv=$V\ntwo\n";

    expect(steps(text, { files })).toMatchObject([
      { kind: "write", path: "/x/one", content: 'v=1 "q"\n', mode: 0o755 },
      { kind: "write", path: "/x/two", content: "v=$V\n" },
      { kind: "copy", sources: ["a.txt"], mode: 0o755 },
    ]);
  });

  test("ADD fetches URLs, with a checksum when it is given", () => {
    const sum = `sha256:${"a".repeat(64)}`;

    expect(steps(`FROM a\nADD --checksum=${sum} https://example.org/d/f.txt?x=1 /x/\n`)).toMatchObject([
      { kind: "fetch", url: "https://example.org/d/f.txt?x=1", checksum: sum, destination: "/x/f.txt", mode: 0o600 },
    ]);
  });
});

describe("what an image says of itself", () => {
  test("an entrypoint takes away the base's command, but not this file's own", () => {
    expect(configOf('FROM a\nENTRYPOINT ["/e"]\n')).toMatchObject({ entrypoint: ["/e"], cmd: [] });
    expect(configOf('FROM a\nCMD ["c"]\nENTRYPOINT e $X\n')).toMatchObject({
      entrypoint: ["/bin/sh", "-c", "e $X"],
      cmd: ["c"],
    });
    expect(configOf("FROM a\nCMD c\n")).toMatchObject({ entrypoint: ["/init"], cmd: ["/bin/sh", "-c", "c"] });
  });

  test("labels, variables in both forms, folder and user", () => {
    expect(
      configOf('FROM a\nENV A b  c\nLABEL "x.y"="1 2" z=$A\nMAINTAINER me\nWORKDIR /w/../v\nUSER 1000:100\n'),
    ).toMatchObject({
      environment: { A: "b  c", LANG: "C.UTF-8" },
      labels: { "x.y": "1 2", z: "b  c", maintainer: "me" },
      workingDir: "/v",
      user: "1000:100",
    });
  });

  test("triggers of the base run first, and its own are kept for others", () => {
    const onBuild = ImageConfig.parse({ onBuild: ["RUN <<EOF\nfirst\nEOF", "ENV T=1"] });
    const stage = lastStage(plan("FROM a\nRUN second $T\nONBUILD COPY . /x\n", { describeBase: () => onBuild }));

    expect(stage.groups.map(({ steps: [step] }) => (step?.kind === "run" ? step.argv.at(-1) : ""))).toEqual([
      "first\n",
      "second $T",
    ]);
    expect(stage.config).toMatchObject({ onBuild: ["COPY . /x"], environment: { T: "1" } });
  });
});

test("a change of one line changes no layer before it", () => {
  const line = fc.constantFrom(
    "RUN a",
    "RUN b",
    "ENV A=1",
    "ENV A=2",
    "WORKDIR /w",
    "COPY f /f",
    "LABEL x=y",
    "ARG Z=1",
  );
  const arrays = fc.tuple(fc.array(line, { minLength: 1, maxLength: 8 }), line, fc.nat());
  fc.assert(
    fc.property(arrays, ([lines, other, position]) => {
      const at = position % lines.length;
      const groups = (all: readonly string[]): Stage["groups"] =>
        lastStage(plan(`FROM a\n${all.join("\n")}\n`, { files: { f: "" } })).groups;
      // folders that nothing follows wait for the end of the file
      const isAbove = ({ line: number, steps: all }: Stage["groups"][number]): boolean =>
        number < at + 2 && all.some(({ kind }) => kind !== "folder");
      const changed = lines.with(at, other);

      expect(groups(changed).filter(isAbove)).toEqual(groups(lines).filter(isAbove));
    }),
  );
});

test("no text makes planning fail without saying where", () => {
  const word = fc.constantFrom(
    "FROM a",
    "RUN",
    "COPY",
    "<<E",
    "E",
    "$",
    "${",
    "'",
    '"',
    "\\",
    "\n",
    "--mount=",
    "ENV x",
    "[",
    " ",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      try {
        plan(`FROM a\n${words.join("")}`);
      } catch (error) {
        expect(error).toMatchObject({
          code: "E_RECIPE_FILE_INVALID",
          message: expect.stringMatching(/^Dockerfile:\d+: /),
        });
      }
    }),
  );
});
