import { errorCodes } from "@repo2singularity/base";
import { writeOrCheckPage } from "./generated-page.ts";

/**
 * Writes docs/reference/errors.md from the table of error codes; with `--check` only compares, so that a code without
 * its place in the docs cannot be merged.
 */

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

writeOrCheckPage("errors.md", text, "docs:errors");
