import { basename } from "node:path";
import { planBaseFacts, planCheckout, repoTree } from "@repo2singularity/build/plan";
import { renderDockerfile } from "@repo2singularity/recipe";
import { createCheckout } from "@repo2singularity/source";

/** `node plan-many.ts FOLDER…`: plans every folder, prints none, and says how many bytes their Dockerfiles have. */
const base = planBaseFacts("auto");
const platform = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
let sizeBytes = 0;
for (const directory of process.argv.slice(2)) {
  const unknown = { url: undefined, ref: undefined, commit: undefined, revision: undefined, subdir: undefined };
  const facts = { provider: "directory", directory, name: basename(directory), isDirty: false, ...unknown };
  const checkout = createCheckout({ ...facts, commitTimeSeconds: undefined }, {});
  sizeBytes += renderDockerfile(planCheckout(await repoTree(checkout), { base, platform })).length;
}
process.stdout.write(`${sizeBytes}\n`);
