import { ContainerRecipe, ImageConfig } from "@repo2singularity/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryTree } from "../../tree/repo-tree.ts";
import type { ContainerPlanOptions } from "../container-options.ts";
import { planContainer } from "../plan-container.ts";

type Options = Partial<ContainerPlanOptions> & { files?: Record<string, string> };

function plan(text: string, { files = {}, ...rest }: Options = {}): ContainerRecipe {
  const recipe = planContainer({ path: "x.def", text }, "definition", {
    tree: memoryTree({ "x.def": text, ...files }),
    platform: "linux/amd64",
    buildArgs: {},
    describeBase: () => undefined,
    ...rest,
  });
  expect(ContainerRecipe.parse(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  return recipe;
}

const head = "Bootstrap: docker\nFrom: debian:13\n";

describe("headers", () => {
  test.each([
    ["Bootstrap: docker\nFrom: debian:13", "docker://debian:13"],
    [
      "BootStrap : docker\nFROM: //debian:13 # note\nRegistry: r.example:5000\nNamespace: n",
      "docker://r.example:5000/n/debian:13",
    ],
    ["From: debian\nBootstrap: docker", "docker://debian"],
    ["Bootstrap: localimage\nFrom: ./base/x.sif", "base/x.sif"],
    ["Bootstrap: library\nFrom: e/c/n:1", "library://e/c/n:1"],
    ["Bootstrap: library\nFrom: debian\nLibrary: https://lib.example", "library://lib.example/library/default/debian"],
    ["Bootstrap: shub\nFrom: ann/tool", "shub://ann/tool"],
    ["Bootstrap: oras\nFrom: ghcr.io/a/b:1", "oras://ghcr.io/a/b:1"],
    ["Bootstrap: docker-archive\nFrom: x.tar", "docker-archive:x.tar"],
    ["Bootstrap: oci\nFrom: dir:tag", "oci:dir:tag"],
    ["Bootstrap: docker-daemon\nFrom: demo:latest", "docker-daemon:demo:latest"],
    [
      "Bootstrap: debootstrap\nOSVersion: trixie\nMirrorURL: http://deb.example/debian/",
      "debootstrap:trixie@http://deb.example/debian",
    ],
    ["Bootstrap: debootstrap\nOSVersion: noble", "debootstrap:noble"],
  ])("%j starts from %s", (text, reference) => {
    expect(plan(`# comment\n${text}\n`).stages[0]?.base).toEqual({ kind: "image", reference });
  });

  test("Fingerprints are of keys that all have to have signed the base", () => {
    const [ann, bob] = ["A1".repeat(20), "b2".repeat(20)];

    const { stages, decisions } = plan(`Bootstrap: library\nFrom: e/c/n\nFingerprints: ${ann}, ${bob} # both\n`);

    expect(stages[0]?.base).toMatchObject({ signers: [ann.toLowerCase(), bob] });
    expect(decisions).toContainEqual(
      expect.objectContaining({ subject: `Fingerprints: ${ann.toLowerCase()}, ${bob}`, outcome: "used" }),
    );
  });

  test("debootstrap installs what Include names first", () => {
    const group = plan("Bootstrap: debootstrap\nOSVersion: trixie\nInclude: git,vim ca-certificates\n").stages[0]
      ?.groups[0];

    expect(group?.steps[0]).toMatchObject({
      script: expect.stringContaining("install -y --no-install-recommends git vim ca-certificates"),
    });
  });

  test.each([
    ["%post\nx\n", /x\.def:1: there is no Bootstrap: line/],
    ["Bootstrap: docker\n", /x\.def:1: Bootstrap: docker needs a From: line/],
    ["Bootstrap: docker\nFrom: a;id\n", /is no image's name/],
    ["Bootstrap: localimage\nFrom: x\nFingerprints: 12345678\n", /x\.def:1: Fingerprints: 12345678 is no fingerprint/],
    [`${head}Fingerprints: ${"a".repeat(40)}\n`, /keys that signed a SIF, and Bootstrap: docker takes none/],
    ["Bootstrap: yum\n", /Bootstrap: yum is not supported/],
    ["Bootstrap: library\nFrom: a b\n", /is no image's name/],
    ["Bootstrap: library\nLibrary: http://example.org\nFrom: a\n", /is no https URL of a host/],
    ["Bootstrap: localimage\nFrom: /etc/shadow\n", /\/etc\/shadow is not in the repository/],
    ["Bootstrap: localimage\nFrom: a/../../x\n", /is not in the repository/],
    ["Bootstrap: debootstrap\nOSVersion: tri/xie\n", /is no name of a release/],
    ["Bootstrap: debootstrap\nOSVersion: trixie\nInclude: a;b\n", /a;b is no package's name/],
    ["Bootstrap: debootstrap\nOSVersion: trixie\nMirrorURL: file:///x\n", /is no http URL/],
    ["Bootstrap: scratch\nBogus: x\n", /x\.def:2: there is no header Bogus/],
    [`${head}%bogus\n`, /x\.def:3: there is no section %bogus/],
    [`${head}%pre\nx\n`, /x\.def:3: %pre runs on the machine/],
    [`${head}%apprun ../x\n`, /needs the name of an app/],
    [`${head}%files\n\n  /etc/shadow /x\n`, /x\.def:5: \/etc\/shadow is not in the repository/],
    [`${head}%files\n ../x /x\n`, /x\.def:4: \.\.\/x is not in the repository/],
    [`${head}%files from other\n x /x\n`, /there is no stage other above/],
    [`${head}Stage: a\nBootstrap: scratch\nStage: a\n`, /there are two stages a/],
    [`${head}%post\n echo {{ WHO }}\n`, /x\.def:4: WHO is defined neither/],
    [`${head}%arguments\n x y\n`, /NAME=value is expected/],
  ])("%j is refused", (text, reason) => {
    expect(() => plan(text)).toThrow(reason);
  });
});

describe("sections", () => {
  const text = `${head}Stage: build

%arguments
    WHO=world
%post -c /bin/bash -e
    echo {{ WHO }} > /x

Bootstrap: docker
From: debian:13
Stage: final

%files
    a.txt
    "b c" /d/
%files from build
    /x /y
%post
    echo second
%setup
    mkdir -p \${APPTAINER_ROOTFS}/opt
%environment
    export A=1
%runscript -c /bin/bash
    exec echo "$@"
%test
    true
%labels
    Author  me and you
    Empty
%help
    Help
%appinstall foo
    touch x
%apprun foo
    echo foo
%applabels foo
    L v
%appfiles foo
    a.txt sub/
`;
  const files = { "a.txt": "", "b c": "" };

  test("stages, files, setup, post and apps come in Apptainer's order", () => {
    const recipe = plan(text, { files });

    expect(recipe.stages.map(({ name }) => name)).toEqual(["build", "final"]);
    expect(recipe.stages[1]?.groups.map(({ title }) => title)).toEqual([
      "%files from build",
      "%setup",
      "%files",
      "%post",
      "App foo",
    ]);
    expect(recipe.stages[0]?.groups[0]?.steps[1]).toMatchObject({
      argv: ["/bin/bash", "-e"],
      script: "    echo world > /x\n",
    });
  });

  test("files without a destination go where they are called, folders as cp does it", () => {
    const group = plan(text, { files }).stages[1]?.groups[2];

    expect(group?.steps).toMatchObject([
      { sources: ["a.txt"], destination: "/a.txt", keepsFolder: true },
      { sources: ["b c"], destination: "/d/" },
    ]);
  });

  test("scripts, environment and help become texts of the image", () => {
    const { texts, stages } = plan(text, { files });

    expect(texts).toMatchObject({
      environment: "    export A=1\n",
      runscript: '#!/bin/bash\n\n    exec echo "$@"\n',
      test: "#!/bin/sh\n\n    true\n",
      help: "    Help\n",
      appsEnvironment: expect.stringContaining('export SCIF_APPROOT_foo="/scif/apps/foo"\n'),
      definition: text.replace("{{ WHO }}", "world"),
    });
    expect(stages[1]?.config.labels).toEqual({ Author: "me and you", Empty: "" });
  });

  test("an app has its folders, texts and files", () => {
    const app = plan(text, { files }).stages[1]?.groups[4];

    expect(app?.steps.map((step) => (step.kind === "folder" || step.kind === "write" ? step.path : step.kind))).toEqual(
      [
        "/scif/apps/foo/bin",
        "/scif/apps/foo/lib",
        "/scif/data/foo/input",
        "/scif/data/foo/output",
        "/scif/apps/foo/scif/env/01-base.sh",
        "/scif/apps/foo/scif/labels.json",
        "/scif/apps/foo/scif/runscript",
        "copy",
        "run",
      ],
    );
  });

  test("a build argument wins over %arguments", () => {
    expect(plan(text, { files, buildArgs: { WHO: "you", X: "1" } }).texts?.definition).toContain("echo you");
    expect(plan(text, { files, buildArgs: { X: "1" } }).decisions).toContainEqual(
      expect.objectContaining({ subject: "--build-arg X", outcome: "ignored" }),
    );
  });

  test("%post sees what a base that was a SIF exports", () => {
    const config = ImageConfig.parse({
      singularityFiles: { "env/90-environment.sh": "export OLD=1\n", runscript: "x" },
    });
    const [group] = plan(`${head}%post\n    echo\n`, { describeBase: () => config }).stages[0]?.groups ?? [];

    expect(group?.steps[1]).toMatchObject({ script: "set +ex\nexport OLD=1\n\nset -ex\n    echo\n" });
  });
});

test("no text makes planning fail without saying where", () => {
  const word = fc.constantFrom(
    "Bootstrap: docker\n",
    "From: a\n",
    "Stage: b\n",
    "%post\n",
    "%files\n",
    "%files from b\n",
    "{{ X }}",
    "x y\n",
    "%app",
    "run z\n",
    ":",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 10 }), (words) => {
      try {
        plan(`Bootstrap: scratch\n${words.join("")}`);
      } catch (error) {
        expect(error).toMatchObject({ code: "E_RECIPE_FILE_INVALID", message: expect.stringMatching(/^x\.def:\d+: /) });
      }
    }),
  );
});
