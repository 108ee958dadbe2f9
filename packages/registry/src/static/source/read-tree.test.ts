import { isAppError } from "@repo2singularity/base";
import { expect, test } from "vitest";
import { checkTree } from "../check/check-tree.ts";
import { elsewhereYaml, someHex, writeTree } from "../tree.fixture.ts";
import { formatIssue } from "./issue.ts";
import { readRegistryTree } from "./read-tree.ts";
import { allEntries, formatEntry, needsBuild } from "./tree.ts";

const issuesOf = async (files: Record<string, string>): Promise<readonly string[]> =>
  checkTree(await readRegistryTree(await writeTree(files))).issues.map(formatIssue);

test("reads collections, tags, recipes, images and READMEs, and passes over other folders", async () => {
  const root = await writeTree({
    "registry.yaml": "title: Lab\nurl: https://lab.example/registry/\n",
    "vanessa/avocado/README.md": "# Avocado",
    "vanessa/avocado/manifests/latest/Singularity": "Bootstrap: docker\nFrom: alpine\n",
    "vanessa/avocado/manifests/v1/image.yaml": elsewhereYaml,
    "vanessa/repo/manifests/main/source.yaml": "repository: https://github.com/o/r\nref: main\n",
    "docs/guide/page.md": "not the registry's",
    ".github/workflows/build.yml": "{}",
  });

  const tree = await readRegistryTree(root);

  expect(tree.issues).toEqual([]);
  expect(tree.settings).toMatchObject({ title: "Lab", url: "https://lab.example/registry" });
  expect(allEntries(tree).map(formatEntry)).toEqual([
    "vanessa/avocado:latest",
    "vanessa/avocado:v1",
    "vanessa/repo:main",
  ]);
  expect(tree.collections.map(({ readme }) => readme)).toEqual(["# Avocado", undefined]);
  expect(allEntries(tree).map(needsBuild)).toEqual([true, false, true]);
  expect(allEntries(tree)[1]?.image).toMatchObject({ size: 55_056, arch: "amd64", digest: `sha256:${someHex}` });
});

test("a tag is built again when its recipe, a file beside it or its image.yaml changes, and not for its README", async () => {
  const base = { "a/b/manifests/t/Singularity": "Bootstrap: docker\nFrom: alpine\n", "a/b/manifests/t/data.txt": "1" };
  const digestOf = async (files: Record<string, string>): Promise<string | undefined> =>
    allEntries(await readRegistryTree(await writeTree(files)))[0]?.recipe?.digest;
  const recipe = await digestOf(base);
  const image = `digest: sha256:${someHex}\nsize: 1\nrecipe: ${recipe}\n`;

  const built = await readRegistryTree(await writeTree({ ...base, "a/b/manifests/t/image.yaml": image }));

  expect(allEntries(built).map(needsBuild)).toEqual([false]);
  expect(await digestOf({ ...base, "a/b/manifests/t/README.md": "x" })).toBe(recipe);
  expect(await digestOf({ ...base, "a/b/manifests/t/data.txt": "2" })).not.toBe(recipe);
  expect(await digestOf({ ...base, "a/b/manifests/t/Singularity": "Bootstrap: docker\nFrom: debian\n" })).not.toBe(
    recipe,
  );
});

test("every issue names its file and line", async () => {
  expect(
    await issuesOf({
      "registry.yaml": "title: x\ncolour: red\n",
      "a/b/manifests/bad-digest/image.yaml": "size: 3\ndigest: sha256:12\nurl: https://x.example/y.sif\n",
      "a/b/manifests/both/Singularity": "x",
      "a/b/manifests/both/source.yaml": "repository: https://x.example/y\n",
      "a/b/manifests/kb/image.yaml": `digest: sha256:${someHex}\nurl: https://x.example/y.sif\n\nsize: 55.5\n`,
      "a/b/manifests/local/source.yaml": "ref: main\nrepository: /etc\n",
      "a/b/manifests/no-address/image.yaml": `digest: sha256:${someHex}\nsize: 1\n`,
      "a/b/manifests/no-yaml/image.yaml": "size: 1\n  digest: [\n",
      "a/b/manifests/nothing/README.md": "x",
      "a/Upper/manifests/t/image.yaml": elsewhereYaml,
      "v2/b/manifests/t/image.yaml": elsewhereYaml,
    }),
  ).toEqual([
    expect.stringMatching(/^a\/Upper:1: "Upper" cannot be a name/),
    expect.stringMatching(/^a\/b\/manifests\/bad-digest\/image.yaml:2: digest: expected sha256:/),
    expect.stringMatching(/^a\/b\/manifests\/both:1: has both/),
    expect.stringMatching(/^a\/b\/manifests\/kb\/image.yaml:4: size: /),
    expect.stringMatching(/^a\/b\/manifests\/local\/source.yaml:2: repository: expected a URL/),
    expect.stringMatching(/^a\/b\/manifests\/no-address\/image.yaml:1: url: /),
    expect.stringMatching(/^a\/b\/manifests\/no-yaml\/image.yaml:[12]: no YAML/),
    expect.stringMatching(/^a\/b\/manifests\/nothing:1: has neither/),
    expect.stringMatching(/^registry.yaml:2: .*colour/),
    expect.stringMatching(/^v2\/b:1: "v2" cannot be a namespace/),
  ]);
});

test("a bomb of aliases is refused, not unfolded", async () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...Array.from("bcdefgh").map((c, at) => `${c}: &${c} [${`*${"abcdefgh"[at]},`.repeat(9)}]`),
  ];

  expect(await issuesOf({ "a/b/manifests/t/image.yaml": bomb.join("\n") })).toEqual([
    expect.stringContaining("aliases are not allowed"),
  ]);
});

test("of a change, only what it touches is told", async () => {
  const files = {
    "a/b/manifests/new/Singularity": "x",
    "a/b/manifests/old/Singularity": "x",
    "a/b/manifests/wrong/image.yaml": "size: 1\n",
    "a/c/manifests/other/image.yaml": elsewhereYaml,
  };
  const tree = await readRegistryTree(await writeTree(files));

  const change = checkTree(tree, ["a/b/manifests/new/Singularity", "a/c/README.md", "a/c/manifests/other/image.yaml"]);

  expect(change.issues).toEqual([]);
  expect(change.toBuild).toEqual(["a/b:new"]);
  expect(change.elsewhere.map(formatEntry)).toEqual(["a/c:other"]);
  expect(checkTree(tree).issues).not.toEqual([]);
});

test("the same digest with two sizes is an issue", async () => {
  const other = elsewhereYaml.replace("55056", "99");

  expect(await issuesOf({ "a/b/manifests/x/image.yaml": elsewhereYaml, "a/b/manifests/y/image.yaml": other })).toEqual([
    expect.stringMatching(/^a\/b\/manifests\/y\/image.yaml:1: digest: has another size/),
  ]);
});

test("says that there is no folder", async () => {
  await expect(readRegistryTree("/no/such/folder")).rejects.toSatisfy((error) => isAppError(error, "E_FILE_ACCESS"));
});
