import { expect, test } from "vitest";
import { readRegistryTree } from "../source/read-tree.ts";
import { formatEntry, type RegistryTree } from "../source/tree.ts";
import { elsewhereYaml, someHex, writeTree } from "../tree.fixture.ts";
import { chooseEntries } from "./choose-entries.ts";

async function registry(): Promise<RegistryTree> {
  const files = {
    "a/b/manifests/built/source.yaml": "repository: https://x.example/y\n",
    "a/b/manifests/new/source.yaml": "repository: https://x.example/z\n",
    "a/c/manifests/new/Singularity": "Bootstrap: scratch\n",
    "a/c/manifests/elsewhere/image.yaml": elsewhereYaml,
  };
  const [built] = (await readRegistryTree(await writeTree(files))).collections[0]?.tags ?? [];
  const image = `digest: sha256:${someHex}\nsize: 1\nrecipe: ${built?.recipe?.digest}\n`;
  return readRegistryTree(await writeTree({ ...files, "a/b/manifests/built/image.yaml": image }));
}

test.each([
  [[], false, ["a/b:new", "a/c:new"]],
  [[], true, ["a/b:built", "a/b:new", "a/c:new"]],
  [["a/b"], false, ["a/b:new"]],
  [["a/b:built"], false, []],
  [["a/b:built", "a/c"], true, ["a/b:built", "a/c:new"]],
])("of %j with force %j, %j are built", async (names, force, expected) => {
  expect(chooseEntries(await registry(), names, force).map(formatEntry)).toEqual(expected);
});

test("a name without a recipe is refused with the nearest one", async () => {
  const tree = await registry();

  expect(() => chooseEntries(tree, ["a/b:nev"], false)).toThrow(
    expect.objectContaining({ code: "E_USAGE", hint: expect.stringContaining("a/b:new") }),
  );
  expect(() => chooseEntries(tree, ["a/c:elsewhere"], false)).toThrow("no recipe");
});
