import { execFileSync } from "node:child_process";
import { type ContainerRecipe, type ContainerStep, ImageConfig } from "@repo2singularity/contracts";
import { describe, expect, test } from "vitest";
import { memoryTree } from "../../tree/repo-tree.ts";
import { planContainer } from "../plan-container.ts";
import { renderContainerDefinition } from "./definition.ts";
import { renderContainerDockerfile } from "./dockerfile.ts";
import { renderContainerText } from "./text.ts";

const base = ImageConfig.parse({ environment: { PATH: "/usr/bin:/bin", LANG: "C" } });
const files = { "a.txt": "", "dir/b": "", "x.tar": "" };

function plan(text: string, family: "dockerfile" | "definition" = "dockerfile"): ContainerRecipe {
  const tree = memoryTree({ ...files, file: text });
  const options = { tree, platform: "linux/amd64", buildArgs: { V: "1 2" }, describeBase: () => base } as const;
  return planContainer({ path: "file", text }, family, options);
}

const dockerfile = `ARG V
FROM debian:13 AS one
ARG V
RUN echo $V
WORKDIR /w
COPY a.txt dir ./
FROM one AS two
ENV X="quote \\" and \\$dollar" PATH=/x:$PATH
RUN --network=none --mount=type=cache,target=/c --mount=type=secret,id=s <<EOF
#!/usr/bin/env python3
print("%post")
EOF
FROM debian:12
COPY --from=two --chmod=640 --exclude=*.md /w /w2/
ADD --unpack=true https://example.org/x.tar /u/
ADD x.tar /t/
COPY <<EOF /e
one
%post
EOF
USER nobody
RUN ["a", "b c"]
LABEL "a b"="c"
ENTRYPOINT ["e"]
CMD c d
`;

/** What a build does, without what only says where it stands in the file. */
function work(recipe: ContainerRecipe): unknown {
  const withoutTitle = ({ title: _title, ...rest }: ContainerStep): unknown => {
    if (rest.kind !== "run") return rest;
    const { V: _argument, ...env } = rest.env;
    return { ...rest, env };
  };
  return recipe.stages.map(({ groups, config }) => ({
    config: { ...config, environment: { ...config.environment } },
    steps: groups.flatMap(({ steps }) => steps.filter(({ kind }) => kind !== "folder").map(withoutTitle)),
  }));
}

describe("a Dockerfile's plan", () => {
  test("as a Dockerfile says the same when it is planned again", () => {
    const first = plan(dockerfile);
    const again = plan(renderContainerDockerfile(first));

    expect(again.stages.map((stage) => stage.base)).toEqual([
      { kind: "image", reference: "docker://debian:13" },
      { kind: "stage", name: "one" },
      { kind: "image", reference: "docker://debian:12" },
    ]);
    expect(again.stages.at(-1)?.config).toEqual(first.stages.at(-1)?.config);
    expect(work(again)).toEqual(work(first));
  });

  test("as a definition file has every stage, and scripts that sh can read", () => {
    const text = renderContainerDefinition(plan(dockerfile));
    const post = text
      .split(/^(?=(?:%|Bootstrap:))/m)
      .filter((section) => section.startsWith("%post\n"))
      .map((section) => section.replace("%post\n", ""));

    expect(text.match(/^Stage: .*$/gm)).toEqual(["Stage: one", "Stage: two", "Stage: 2"]);
    expect(text).toContain("%files from two\n    /w /w2/\n");
    expect(text).toContain("%runscript\n    [ $# -gt 0 ] || set -- /bin/sh -c 'c d'\n");
    expect(post.length).toBeGreaterThan(2);
    for (const script of post) execFileSync("/bin/sh", ["-n"], { input: script });
    expect(plan(text, "definition").stages.map(({ name }) => name)).toEqual(["two", "2"]);
  });

  test("as text names stages and lines", () => {
    const text = renderContainerText(plan(dockerfile));

    expect(text).toContain("  one: from docker://debian:13\n      4 RUN echo $V\n");
    expect(text).toContain("  two: from stage one\n");
    expect(text).toContain("command   e /bin/sh -c c d\n");
  });
});

describe("a definition file's plan", () => {
  const definition =
    "Bootstrap: docker\nFrom: debian:13\n%post\n  echo {{ V }}\n%files\n  dir /opt/\n%environment\n  export A=1\n%runscript\n  echo run\n";

  test("as a definition file is the file, filled in", () => {
    expect(renderContainerDefinition(plan(definition, "definition"))).toBe(definition.replace("{{ V }}", "1 2"));
  });

  test("as a Dockerfile runs the same", () => {
    const text = renderContainerDockerfile(plan(definition, "definition"));
    const steps = plan(text).stages[0]?.groups.flatMap((group) => group.steps) ?? [];

    expect(text).toContain('COPY ["dir","/opt/dir"]\n');
    expect(steps.find((step) => step.kind === "run")).toMatchObject({ script: "#!/bin/sh -ex\n  echo 1 2\n" });
    expect(text).toContain('ENTRYPOINT ["/.singularity.d/start"]\n');
  });
});
