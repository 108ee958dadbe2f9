import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hasBusybox } from "@repo2singularity/testkit";
import { describe, expect, test } from "vitest";
import { addBase, containerRepository } from "./support/container-repository.ts";
import { type Ended, repo2singularity, runAs } from "./support/program.ts";
import { allUsers, ordinaryUser, type User } from "./support/users.ts";

const minutes = 60_000;
const canBuild = await hasBusybox();
const canCompare = canBuild && ordinaryUser() !== undefined && spawnSync("apptainer", ["--version"]).status === 0;

const definition = `# what a definition file can hold
Bootstrap: localimage
From: base
Stage: build

%post
    mkdir -p /made/deep
    echo made > /made/deep/file
    ln -s deep /made/link

Bootstrap: localimage
From: base
Stage: final

%arguments
    WHO=world

%files from build
    /made /taken
    /made/deep/file

%files
    a.txt /opt/
    "b c.txt" /opt/renamed
    sub /opt/
    sub /whole
    *.txt /all/

%environment
    export GREETING="hello {{ WHO }}"

%post
    echo "second $PWD" > /second
    echo 'export FROM_POST=yes' >> "$APPTAINER_ENVIRONMENT"
    echo 'Post.Label set by post' >> "$SINGULARITY_LABELS"

%post -c /bin/sh -x
    echo more >> /second

%runscript
    echo "run: $GREETING $FROM_POST $*"

%startscript
    echo started

%test
    test "$GREETING" = "hello world"

%labels
    Author  me and you
    Version 1.0

%help
    How to use it,
    {{ WHO }}

%appinstall tool
    echo installed > installed

%apprun tool
    echo "app: $TOOL $(cat "$SCIF_APPROOT/installed")"

%appenv tool
    export TOOL=hammer

%applabels tool
    Kind of tool

%apphelp tool
    help of tool

%appfiles tool
    a.txt data/
`;

const files = { "x.def": definition, "a.txt": "a\n", "b c.txt": "b\n", "sub/deep/d": "d\n", "sub/e": "e\n" };

async function build(
  user: User,
  all: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Ended & { readonly root: string; readonly repository: string }> {
  const made = await containerRepository(user, all);
  addBase(user, made);
  const root = path.join(path.dirname(made.repository), "sandbox");
  const file = path.join(made.repository, "x.def");
  return { ...(await repo2singularity(user, ["--sandbox", root, ...args, file])), root, repository: made.repository };
}

/** Every entry below some folders of an image, as kind, mode and content; the space around texts of scripts apart. */
function describeTree(root: string, folders: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (name: string): void => {
    const file = path.join(root, name);
    const stats = lstatSync(file);
    if (stats.isSymbolicLink()) found[name] = `link ${readlinkSync(file)}`;
    else if (stats.isDirectory()) {
      found[name] = "folder";
      for (const one of readdirSync(file).toSorted()) visit(path.join(name, one));
    } else
      found[name] = `${stats.mode & 0o111} ${readFileSync(file, "utf8")
        .trim()
        .replaceAll(/\n\s*\n/g, "\n")}`;
  };
  for (const folder of folders) visit(folder);
  return found;
}

interface Attributes {
  readonly labels: Readonly<Record<string, string>>;
  readonly runscript: string;
  readonly startscript: string;
  readonly test: string;
  readonly helpfile: string;
  readonly deffile: string;
  readonly apps: unknown;
}

async function inspect(user: User, image: string): Promise<Attributes> {
  const { stdout } = await runAs(user, "apptainer", ["inspect", "--all", "--json", image]);
  return (JSON.parse(stdout) as { data: { attributes: Attributes } }).data.attributes; // what apptainer 1.4 prints
}

describe.runIf(canCompare)("a definition file", () => {
  test(
    "gives what the real apptainer makes of it",
    async () => {
      const user = ordinaryUser();
      if (user === undefined) throw new Error("there is no ordinary user");
      const ours = await build(user, files);
      expect(ours.stderr).not.toContain("rror");
      expect(ours.status).toBe(0);
      const theirs = path.join(path.dirname(ours.repository), "theirs");
      const made = await runAs(user, "apptainer", ["build", "--sandbox", theirs, "x.def"], { cwd: ours.repository });
      expect(made.status).toBe(0);

      const folders = ["taken", "made", "opt", "whole", "all", "second", "scif/data", "scif/apps/tool/data"];
      expect(describeTree(ours.root, folders)).toEqual(describeTree(theirs, folders));
      const texts = [
        ".singularity.d/runscript",
        ".singularity.d/startscript",
        ".singularity.d/test",
        ".singularity.d/runscript.help",
      ];
      expect(describeTree(ours.root, texts)).toEqual(describeTree(theirs, texts));
      const names = (root: string): string[] =>
        Object.keys(describeTree(root, ["scif/apps/tool", ".singularity.d/env"])).toSorted();
      expect(names(ours.root).filter((name) => !name.includes("10-docker2"))).toEqual(names(theirs));

      const [own, real] = [await inspect(user, ours.root), await inspect(user, theirs)];
      const known = Object.keys(real.labels).filter((name) => !/build-date|apptainer\.version/.test(name));
      expect(known.length).toBeGreaterThan(8);
      expect(Object.fromEntries(known.map((name) => [name, own.labels[name]]))).toEqual(
        Object.fromEntries(known.map((name) => [name, real.labels[name]])),
      );
      // Apptainer drops comments in front of the first header
      expect(own.deffile.replace(/^#.*\n/, "").trim()).toBe(real.deffile.trim());

      for (const args of [["run"], ["run", "--app", "tool"], ["test"], ["run-help"], ["run-help", "--app", "tool"]]) {
        const [verb = "", ...options] = args;
        const run = (image: string): Promise<Ended> => runAs(user, "apptainer", [verb, ...options, image]);
        const [mine, other] = [await run(ours.root), await run(theirs)];
        expect({ args, status: mine.status, stdout: mine.stdout.trim() }).toEqual({
          args,
          status: other.status,
          stdout: other.stdout.trim(),
        });
      }
    },
    5 * minutes,
  );
});

describe.runIf(canBuild).each(allUsers())("a definition file built by $name", (user) => {
  test(
    "keeps what its signed base said, and runs its test",
    async () => {
      const first = await build(user, files);
      expect(first.status).toBe(0);
      const definitionOf = (signer: string): string =>
        `Bootstrap: localimage\nFrom: old.sif\nFingerprints: ${signer}\n%environment\n  export MORE=1\n%post\n  echo "$GREETING $FROM_POST" > /seen\n%test\n  test "$MORE $GREETING" = "1 hello world"\n`;
      const made = await containerRepository(user, { ...files, Singularity: "" });
      addBase(user, made);
      const old = path.join(made.repository, "old");
      const sif = await repo2singularity(user, ["--image-name", "old", path.join(made.repository, "x.def")], {
        cwd: made.repository,
      });
      expect(sif.status).toBe(0);
      expect(existsSync(`${old}.sif`)).toBe(true);
      await repo2singularity(user, ["key", "newpair", "--name", "Definition", "--no-passphrase"]);
      const signed = await repo2singularity(user, ["sign", "--pgp", "Definition", `${old}.sif`]);
      const signer = /[0-9a-f]{40}/.exec(signed.stdout)?.[0] ?? "";
      const definitionFile = path.join(made.repository, "Singularity");

      const root = path.join(path.dirname(made.repository), "second");
      writeFileSync(definitionFile, definitionOf(`${signer.toUpperCase()}, ${"0".repeat(40)}`));
      const refused = await repo2singularity(user, ["--sandbox", root, made.repository]);
      writeFileSync(definitionFile, definitionOf(signer.toUpperCase()));
      const built = await repo2singularity(user, ["--sandbox", root, made.repository]);

      expect(refused.stderr).toContain(`old.sif: is not signed by ${"0".repeat(40)}`);
      expect(refused.status).toBe(1);
      expect(built.stderr).toContain("%test");
      expect(built.status).toBe(0);
      expect(readFileSync(path.join(root, "seen"), "utf8")).toBe("hello world yes\n");
      expect(readFileSync(path.join(root, ".singularity.d/runscript"), "utf8")).toContain("run: $GREETING");
      expect(JSON.parse(readFileSync(path.join(root, ".singularity.d/labels.json"), "utf8"))).toMatchObject({
        Author: "me and you",
      });
    },
    5 * minutes,
  );

  test(
    "fails with its test, unless that is left out",
    async () => {
      const text = "Bootstrap: localimage\nFrom: base\n%test\n  echo it is broken\n  false\n";
      const failed = await build(user, { "x.def": text });
      const left = await build(user, { "x.def": text }, ["--no-test"]);

      expect(failed.status).toBe(1);
      expect(failed.stderr).toMatch(/%test[\s\S]*it is broken/);
      expect(existsSync(failed.root)).toBe(false);
      expect(left.status).toBe(0);
    },
    5 * minutes,
  );

  test(
    "%setup runs in the image, with the repository at hand and nothing of this machine",
    async () => {
      const setup = '%setup\n  cp a.txt "$APPTAINER_ROOTFS/copied"\n  test ! -e /etc/hostname && touch /inside\n';
      const built = await build(user, { "x.def": `Bootstrap: localimage\nFrom: base\n${setup}`, "a.txt": "a\n" }, [
        "--debug",
      ]);

      expect(built.status).toBe(0);
      expect(readFileSync(path.join(built.root, "copied"), "utf8")).toBe("a\n");
      expect(existsSync(path.join(built.root, "inside"))).toBe(true);
      expect(existsSync("/inside") || existsSync("/copied")).toBe(false);
    },
    5 * minutes,
  );

  test(
    "leaves nothing through links that %post planted where notes are read",
    async () => {
      const post =
        "%post\n  ln -s /etc/passwd /.build.labels\n  rm -rf /.singularity.d\n  ln -s /etc /.singularity.d\n";
      const built = await build(user, { "x.def": `Bootstrap: localimage\nFrom: base\n${post}` });
      const labels = path.join(built.root, ".singularity.d/labels.json");

      expect(existsSync(labels) ? readFileSync(labels, "utf8") : "").not.toContain("/bin/bash");
      expect(execFileSync("find", [built.root, "-name", ".build.labels"], { encoding: "utf8" })).toBe("");
    },
    5 * minutes,
  );
});
