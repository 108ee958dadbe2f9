import { lstat, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import { readHostFile } from "@repo2singularity/image/tree";
import type { BuildSecrets } from "./build-secrets.ts";
import { findableTexts } from "./secret-texts.ts";

interface Needle {
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Makes sure that no file of a layer holds a secret as it is. One that a step has changed, such as by base64, is not
 * found: whoever runs code with a secret has to trust it.
 * Memory: 1 MiB.
 * @param tree the folder of the layer; links are not followed
 * @throws E_SECRET_IN_LAYER with the first file that holds one
 */
export async function checkHoldsNoSecret(
  tree: string,
  secrets: BuildSecrets,
  { title, signal }: { readonly title: string; readonly signal: AbortSignal },
): Promise<void> {
  const needles = [...secrets].flatMap(([id, secret]) =>
    findableTexts(secret.reveal()).map((text): Needle => ({ id, bytes: Buffer.from(text) })),
  );
  if (needles.length === 0) return;
  for await (const file of filesOf(tree)) {
    signal.throwIfAborted();
    const found = await findIn(path.join(tree, file), needles);
    if (found === undefined) continue;
    throw new AppError("E_SECRET_IN_LAYER", `the steps of "${title}" left the secret ${found.id} in /${file}`, {
      hint: "change what writes it, such as a postBuild: secrets are for the steps, and everybody can read an image",
    });
  }
}

async function* filesOf(tree: string, folder = ""): AsyncGenerator<string, void, undefined> {
  for (const entry of await readdir(path.join(tree, folder), { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesOf(tree, name);
    else if (entry.isFile() || entry.isSymbolicLink()) yield name;
  }
}

async function findIn(file: string, needles: readonly Needle[]): Promise<Needle | undefined> {
  const stats = await lstat(file);
  if (stats.isSymbolicLink()) return firstIn(await readlink(file, { encoding: "buffer" }), needles);
  const shortest = Math.min(...needles.map(({ bytes }) => bytes.length));
  if (stats.size < shortest) return undefined;
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length)) - 1;
  let rest = Buffer.alloc(0);
  for await (const chunk of readHostFile(file, stats.size)) {
    const bytes = Buffer.concat([rest, chunk]);
    const found = firstIn(bytes, needles);
    if (found !== undefined) return found;
    rest = bytes.subarray(Math.max(0, bytes.length - overlap));
  }
  return undefined;
}

function firstIn(bytes: Buffer, needles: readonly Needle[]): Needle | undefined {
  return needles.find((needle) => bytes.includes(needle.bytes));
}
