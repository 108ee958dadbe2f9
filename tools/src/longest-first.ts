import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The whole-product tests that take minutes, the longest first; the closing lines of a run name the slowest. One that is
 * begun last keeps a processor waiting at the end of every run.
 */
const longest = ["engine", "conda", "r", "executors", "container-jupyter", "daemon-builders", "date-pin", "dockerfile"];

/** Orders files of tests: those of the list, then as vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/e2e/src/${name}.test.ts`));
      return index < 0 ? longest.length : index;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
