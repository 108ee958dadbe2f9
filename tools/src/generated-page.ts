import { readFileSync, writeFileSync } from "node:fs";

/**
 * Writes a page of the docs that is made from a table in the code; with `--check` on the command line only compares, and
 * ends with status 1 when the page is not current.
 * @param name of the file in docs/reference
 * @param script of package.json that writes it
 */
export function writeOrCheckPage(name: string, text: string, script: string): void {
  const page = new URL(`../../docs/reference/${name}`, import.meta.url);
  if (!process.argv.includes("--check")) {
    writeFileSync(page, text);
    return;
  }
  if (readFileSync(page, "utf8") === text) return;
  console.error(`docs/reference/${name} is not current: run npm run ${script}`);
  process.exitCode = 1;
}
