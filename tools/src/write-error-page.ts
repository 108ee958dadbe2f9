import { readFileSync, writeFileSync } from "node:fs";
import { errorCodes } from "@repo2singularity/base";

/**
 * Writes docs/reference/errors.md from the table of error codes; with `--check` only compares, so that a code without
 * its place in the docs cannot be merged.
 */

const page = new URL("../../docs/reference/errors.md", import.meta.url);
const meaning = { 1: "the build or action failed", 2: "usage", 3: "the machine lacks something" } as const;

const rows = Object.entries(errorCodes).map(
  ([code, { exitCode, summary }]) => `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${exitCode} | ${summary} |`,
);
const text = `# Error codes

Every error names one of these codes in its last line and in \`--json-logs\`. Exit statuses: ${Object.entries(meaning)
  .map(([status, what]) => `${status} ${what}`)
  .join(", ")}, 130 interrupted. Written by \`npm run docs:errors\`.

| Code | Exit | Meaning |
|---|---|---|
${rows.join("\n")}
`;

if (process.argv.includes("--check")) {
  const isCurrent = readFileSync(page, "utf8") === text;
  if (!isCurrent) console.error("docs/reference/errors.md is not current: run npm run docs:errors");
  process.exitCode = isCurrent ? 0 : 1;
} else {
  writeFileSync(page, text);
}
