import { lintRules } from "@repo2singularity/recipe/lint";
import { writeOrCheckPage } from "./generated-page.ts";

/**
 * Writes docs/reference/lint.md from the table of rules; with `--check` only compares, so that a rule without its place
 * in the docs cannot be merged.
 */

const rows = Object.entries(lintRules).map(
  ([name, { severity, summary }]) => `| <a id="${name}"></a>\`${name}\` | ${severity} | ${summary} |`,
);
const text = `# Lint

\`repo2singularity lint PATH|URL\` finds what will fail before it is built. It takes the options of \`plan\`, builds and fetches nothing but the repository, and ends with status 1 when there is an error. Each finding has a rule, a severity, a place and what to do:

\`\`\`
requirements.txt:3: error: wheels/tool-1.0.whl is not in the repository (requirement-path)
  add it to the repository, or name a release of it
\`\`\`

\`--json\` gives a list of objects with \`rule\`, \`severity\`, \`path\`, \`line\`, \`message\` and \`hint\`; \`path\` and \`line\` only where there is one.

An **error** ends the build, or a session of the image. A **warning** makes trouble later, elsewhere, or for some. A **note** is worth knowing.

Names of packages of the distribution are looked up in this machine's own lists of apt, when it is of the base's release; where it is not, a note says that they were not checked. Written by \`npm run docs:lint\`.

| Rule | Severity | Found |
|---|---|---|
${rows.join("\n")}
`;

writeOrCheckPage("lint.md", text, "docs:lint");
