import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Benchmark, BenchRow } from "./benchmark.ts";
import { benchmarks } from "./benchmarks/index.ts";
import { openContext } from "./context.ts";
import { formatTable } from "./table.ts";

/**
 * The command `npm run bench [-- NAME…] [--json FILE] [--rounds N] [--list]`.
 * Exit status 0 when every benchmark ran, met or not; 1 when one could not run; 2 on wrong usage.
 */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "string" }, rounds: { type: "string", default: "3" }, list: { type: "boolean" } },
  });
  if (values.list === true) {
    for (const { name, title } of benchmarks) console.log(`${name.padEnd(12)} ${title}`);
    return 0;
  }
  const rounds = Number(values.rounds);
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
    const names = benchmarks.map(({ name }) => name).join(", ");
    console.error(`usage: npm run bench -- [NAME…] [--json FILE] [--rounds N] [--list]; names: ${names}`);
    return 2;
  }
  const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const { rows, failures } = await runAll(chosen, rounds);
  console.log(formatTable(rows));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}

async function runAll(chosen: readonly Benchmark[], rounds: number): Promise<{ rows: BenchRow[]; failures: string[] }> {
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  for (const benchmark of chosen) {
    const log = (line: string): void => console.error(`${benchmark.name}: ${line}`);
    log(benchmark.title);
    await using context = await openContext({ rounds, log });
    try {
      rows.push(...(await benchmark.run(context)));
    } catch (error) {
      failures.push(`${benchmark.name}: could not run: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { rows, failures };
}

process.exitCode = await main();
