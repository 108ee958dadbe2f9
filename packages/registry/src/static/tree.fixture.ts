import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Writes a registry's files into a new folder, which ends with the test. @returns the folder */
export async function writeTree(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "r2s-static-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

/** 64 hexadecimal digits. */
export const someHex: string = "0123456789abcdef".repeat(4);

/** An `image.yaml` of an image elsewhere. */
export const elsewhereYaml: string = `digest: sha256:${someHex}\nsize: 55056\nurl: https://store.example/x.sif\n`;
