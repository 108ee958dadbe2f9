import { existsSync, readdirSync } from "node:fs";
import { cruise, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";

/**
 * Checks the floors of the house: imports only go down, other packages only through their index,
 * no cycles. Fails when it has read no modules, so that a parser that stopped working cannot pass.
 */

const floors: Readonly<Record<string, number>> = {
  "packages/base": 0,
  "packages/contracts": 1,
  "packages/image": 1,
  "packages/source": 2,
  "packages/recipe": 2,
  "packages/store": 2,
  "packages/registry": 3,
  "packages/build": 4,
  "packages/launch": 4,
  "apps/cli": 5,
};

const isTest = "\\.test\\.ts$";

function floorRules(): IForbiddenRuleType[] {
  const rooms = Object.entries(floors);
  return rooms.flatMap(([room, floor]): IForbiddenRuleType[] => {
    const above = rooms.filter(([other, level]) => other !== room && level >= floor).map(([other]) => `^${other}/`);
    if (above.length === 0) return []; // an empty list would forbid everything
    const rule: IForbiddenRuleType = {
      name: `floor-${room}`,
      comment: `${room} stands on floor ${floor} and may only import from the floors below it`,
      severity: "error",
      from: { path: `^${room}/` },
      to: { path: above },
    };
    return [rule];
  });
}

const rules: IForbiddenRuleType[] = [
  ...floorRules(),
  { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
  {
    name: "only-through-the-index",
    comment:
      "another package is imported through its exports (some rooms have further ones that load little), never by a path",
    severity: "error",
    from: { path: "^(packages|apps)/([^/]+)/" },
    to: {
      path: "^(packages|apps)/(?!$2/)[^/]+/src/(?!(index|plan|pipeline|daemon|tree|http|version|container|labels|own-file|lint|objects|server|static)\\.ts$)",
    },
  },
  {
    name: "browser-rooms",
    comment: "contracts runs in a browser: nothing of Node in it",
    severity: "error",
    from: { path: "^packages/contracts/", pathNot: isTest },
    to: { dependencyTypes: ["core"] },
  },
  {
    name: "testkit-is-for-tests",
    severity: "error",
    from: { path: "^(packages|apps)/", pathNot: [isTest, "^packages/testkit/"] },
    to: { path: "^packages/testkit/" },
  },
  { name: "not-to-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
];

const folders = ["packages", "apps"]
  .flatMap((top) => readdirSync(top).map((name) => `${top}/${name}/src`))
  .filter((folder) => existsSync(folder));

const { output } = await cruise(
  folders,
  { ruleSet: { forbidden: rules }, tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" }, validate: true },
  { exportsFields: ["exports"], conditionNames: ["import", "types", "default"], extensions: [".ts", ".js"] },
  { tsConfig: extractTSConfig("tsconfig.json") },
);

const { summary } = output as ICruiseResult; // cruise() answers text only when an output type is asked for
for (const violation of summary.violations) {
  console.error(`${violation.rule.name}: ${violation.from} -> ${violation.to}`);
}
console.log(`boundaries: ${summary.totalCruised} modules, ${summary.violations.length} violations`);
if (summary.totalCruised === 0) console.error("boundaries: no module was read, so nothing was checked");
process.exitCode = summary.violations.length > 0 || summary.totalCruised === 0 ? 1 : 0;
