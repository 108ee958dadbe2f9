import { readFileSync, writeFileSync } from "node:fs";
import { OwnFile } from "@repo2singularity/contracts";
import * as z from "zod";

/**
 * Writes docs/reference/repo2singularity.schema.json from the schema of the repository's own file, for editors that
 * complete and check it; with `--check` only compares, so that a key without its place in the docs cannot be merged.
 */

const page = new URL("../../docs/reference/repo2singularity.schema.json", import.meta.url);
const schema = {
  ...z.toJSONSchema(OwnFile, { io: "input" }), // as people write it, before texts are made of numbers
  title: "repo2singularity.yaml",
};
const text = `${JSON.stringify(schema, undefined, 2)}\n`;

if (process.argv.includes("--check")) {
  const isCurrent = readFileSync(page, "utf8") === text;
  if (!isCurrent) console.error("docs/reference/repo2singularity.schema.json is not current: run npm run docs:schema");
  process.exitCode = isCurrent ? 0 : 1;
} else {
  writeFileSync(page, text);
}
