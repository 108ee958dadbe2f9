import { OwnFile } from "@repo2singularity/contracts";
import * as z from "zod";
import { writeOrCheckPage } from "./generated-page.ts";

/**
 * Writes docs/reference/repo2singularity.schema.json from the schema of the repository's own file, for editors that
 * complete and check it; with `--check` only compares, so that a key without its place in the docs cannot be merged.
 */

const schema = {
  ...z.toJSONSchema(OwnFile, { io: "input" }), // as people write it, before texts are made of numbers
  title: "repo2singularity.yaml",
};
const text = `${JSON.stringify(schema, undefined, 2)}\n`;

writeOrCheckPage("repo2singularity.schema.json", text, "docs:schema");
