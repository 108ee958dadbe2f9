import type { Reporter, TestModule } from "vitest/node";

/** Files that take longer are named, so that one sees where the time of a run goes. */
const longMs = 30_000;

/**
 * Prints the slowest files of a run, then `N passed, N failed, N skipped` as its last line, the form that any CI can
 * count.
 */
class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === "passed" || state === "failed" || state === "skipped") count[state] += 1;
      }
    }
    for (const line of slowest(modules)) console.log(line);
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  }
}

function slowest(modules: ReadonlyArray<TestModule>): readonly string[] {
  return modules
    .map((module) => ({ name: module.relativeModuleId, ms: module.diagnostic().duration }))
    .filter(({ ms }) => ms > longMs)
    .toSorted((one, other) => other.ms - one.ms)
    .map(({ name, ms }) => `${Math.round(ms / 1000)} s: ${name}`);
}

// Vitest loads a custom reporter through the default export of its file.
// oxlint-disable-next-line import/no-default-export
export default ClosingLineReporter;
