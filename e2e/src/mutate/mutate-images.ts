import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { runMutations } from "./run-mutations.ts";

/**
 * Damages tar, squashfs and SIF files at random and reads them: no crash without a coded error, no hang, nothing
 * outside the target folder, bounded memory.
 *
 *     node e2e/src/mutate/mutate-images.ts [--count 100000] [--seed 1]
 */
const { values } = parseArgs({
  options: { count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const started = performance.now();
const { outcomes, failures, mostMemoryBytes } = await runMutations({
  count: Number(values.count),
  randomSeed: Number(values.seed),
  scratch: tmpdir(),
  timeLimitMs: 10_000,
});
const lines = Array.from(outcomes, ([outcome, count]) => `${outcome}: ${count}`);
const seconds = (performance.now() - started) / 1000;
lines.push(
  ...failures,
  `${values.count} files in ${seconds.toFixed(0)} s, ${failures.length} failures, ` +
    `at most ${Math.round(mostMemoryBytes / 2 ** 20)} MiB`,
);
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
