import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tools/src/longest-first.ts";

/** Two projects: fast tests beside the code, and whole-product tests that need real engines. */
export default defineConfig({
  test: {
    reporters: ["default", "./tools/src/closing-line-reporter.ts"],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts", "tools/src/**/*.test.ts"],
          globalSetup: "tools/src/unit-setup.ts",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["e2e/src/**/*.test.ts", "e2e/hostile/**/*.test.ts"],
          globalSetup: "e2e/src/support/global-setup.ts",
          testTimeout: 900_000,
          hookTimeout: 900_000,
          maxWorkers: 3,
        },
      },
    ],
  },
});
