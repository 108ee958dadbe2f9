import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@repo2singularity/base";
import { ImageDocument, RegistrySettings, SourceDocument } from "./documents.ts";
import type { RegistryIssue } from "./issue.ts";
import { nameProblem } from "./names.ts";
import { readDocument } from "./read-document.ts";
import { definitionDigest, sourceDigest } from "./recipe-digest.ts";
import type { Collection, RegistryTree, TagEntry, TagRecipe } from "./tree.ts";

/** Name of the file with a registry's settings. */
export const settingsFile = "registry.yaml";
/** Name of the file that says what was built. */
export const imageFile = "image.yaml";

/**
 * Reads the files of a static registry. Folders without `NAME/manifests` below them are not the registry's.
 * @param root the folder with `registry.yaml`, which may be absent
 * @throws E_FILE_ACCESS when the folder is not there
 */
export async function readRegistryTree(root: string): Promise<RegistryTree> {
  if ((await lstat(root).catch(() => undefined))?.isDirectory() !== true) {
    throw new AppError("E_FILE_ACCESS", `${root}: there is no such folder`, {
      hint: "make a registry with `repo2singularity registry init`",
    });
  }
  const issues: RegistryIssue[] = [];
  const text = (await readText(root, settingsFile)) ?? "{}";
  const settings = readDocument(RegistrySettings, text.trim() === "" ? "{}" : text, settingsFile);
  issues.push(...settings.issues);
  const collections: Collection[] = [];
  for (const namespace of await folders(root, "")) {
    for (const name of await folders(root, namespace)) {
      const tags = await folders(root, `${namespace}/${name}/manifests`);
      if (tags.length > 0) collections.push(await readCollection(root, { namespace, name, tags }, issues));
    }
  }
  return { root, settings: settings.value ?? RegistrySettings.parse({}), collections, issues };
}

async function readCollection(
  root: string,
  { namespace, name, tags }: { readonly namespace: string; readonly name: string; readonly tags: readonly string[] },
  issues: RegistryIssue[],
): Promise<Collection> {
  const folder = `${namespace}/${name}`;
  const problems = [nameProblem("namespace", namespace), nameProblem("name", name)];
  for (const message of problems) if (message !== undefined) issues.push({ file: folder, line: 1, message });
  const isNamed = problems.every((problem) => problem === undefined);
  const entries: TagEntry[] = [];
  for (const tag of tags) {
    const read = await readTag(root, { namespace, name, tag, folder: `${folder}/manifests/${tag}` });
    issues.push(...read.issues);
    if (isNamed && read.entry !== undefined) entries.push(read.entry);
  }
  return { namespace, name, readme: await readText(root, `${folder}/README.md`), tags: entries };
}

type TagPlace = Pick<TagEntry, "namespace" | "name" | "tag" | "folder">;

async function readTag(
  root: string,
  place: TagPlace,
): Promise<{ readonly entry: TagEntry | undefined; readonly issues: readonly RegistryIssue[] }> {
  const { folder, tag } = place;
  const problem = nameProblem("tag", tag);
  if (problem !== undefined) return { entry: undefined, issues: [{ file: folder, line: 1, message: problem }] };
  const [definition, source, image] = await Promise.all(
    ["Singularity", "source.yaml", imageFile].map((name) => readText(root, `${folder}/${name}`)),
  );
  const refuse = (message: string): Awaited<ReturnType<typeof readTag>> => ({
    entry: undefined,
    issues: [{ file: folder, line: 1, message }],
  });
  if (definition !== undefined && source !== undefined) {
    return refuse("has both Singularity and source.yaml: an image is built from one of them");
  }
  if (definition === undefined && source === undefined && image === undefined) {
    return refuse("has neither Singularity nor source.yaml nor image.yaml");
  }
  const issues: RegistryIssue[] = [];
  const built = image === undefined ? undefined : readDocument(ImageDocument, image, `${folder}/${imageFile}`);
  issues.push(...(built?.issues ?? []));
  let recipe: TagRecipe | undefined;
  if (definition !== undefined) {
    recipe = { kind: "definition", text: definition, digest: await definitionDigest(join(root, folder)) };
  } else if (source !== undefined) {
    const read = readDocument(SourceDocument, source, `${folder}/source.yaml`);
    issues.push(...read.issues);
    if (read.value !== undefined) {
      recipe = { kind: "repository", source: read.value, digest: sourceDigest(read.value) };
    }
  } else if (built?.value !== undefined && built.value.url === undefined) {
    const message = "url: an image that is built elsewhere needs the address that it is at";
    issues.push({ file: `${folder}/${imageFile}`, line: 1, message });
  }
  return { entry: issues.length > 0 ? undefined : { ...place, recipe, image: built?.value }, issues };
}

/** The names of the folders in a folder, sorted; none when it is not there. Hidden ones and links are left out. */
async function folders(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .toSorted();
}

/** Files of a registry are written by people: none is longer. */
const textLimitBytes = 2 * 2 ** 20;

async function readText(root: string, file: string): Promise<string | undefined> {
  const path = join(root, file);
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  if (stats.size > textLimitBytes) throw new AppError("E_LIMIT_EXCEEDED", `${path}: is longer than 2 MiB`);
  return readFile(path, "utf8");
}
