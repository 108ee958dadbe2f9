import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";

/**
 * Bundles the command line into a folder, which `bin/repo2singularity` runs as long as no source is newer than the
 * file `made` in it: one file is read where there were two hundred. Commands stay apart (code splitting), so that each
 * loads its own code alone.
 *
 * A program that runs meanwhile is not disturbed: files appear by rename, the entry after what it needs, and what
 * earlier bundles had stays for a month, because a command may yet load some of it.
 *
 * node tools/src/bundle-cli.ts [FOLDER]      FOLDER is `dist/cli` of this clone when left out
 */

/**
 * Gives `await import("package")` the names that Node gives it. What a CommonJS package exports is known when it has
 * run, and esbuild leaves all but `default` out: so it is run here, and its names are written down.
 */
const namedExports: Plugin = {
  name: "named-exports",
  setup: ({ onResolve, onLoad, resolve: find }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, kind, resolveDir }) =>
      kind === "dynamic-import" && !isBuiltin(path) ? { path, namespace: "named", pluginData: resolveDir } : undefined,
    );
    onLoad({ filter: /./, namespace: "named" }, async ({ path, pluginData }) => {
      // what the resolver above put there
      const resolveDir = pluginData as string;
      const found = await find(path, { kind: "import-statement", resolveDir });
      // a module's namespace
      const exported = (await import(pathToFileURL(found.path).href)) as object;
      const names = Object.keys(exported).filter((name) => /^[\w$]+$/.test(name));
      return { contents: `export { ${names.join(", ")} } from ${JSON.stringify(path)};`, resolveDir };
    });
  },
};

/** Modules behind which Node loads many more. For the others a stand-in costs as much as it saves. */
const heavyBuiltins =
  /^node:(?:child_process|crypto|https?|net|process|readline|stream|tls|util|worker_threads|zlib)(?:\/|$)/;

/**
 * Loads heavy modules of Node's own when something of them is first used. An `import` statement of one asks for the
 * values of all its names, and with many of them for further modules: together a tenth of the time of a start.
 */
const lateBuiltins: Plugin = {
  name: "late-builtins",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: heavyBuiltins }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "late" } : undefined,
    );
    onLoad({ filter: /./, namespace: "late" }, async ({ path }) => {
      // a module's namespace
      const exported = (await import(path)) as { readonly default: unknown };
      const name = JSON.stringify(path);
      // a function cannot be stood in for, and the process is there anyway
      const isWhole = typeof exported.default === "function" || path === "node:process";
      if (isWhole) return { contents: `module.exports = process.getBuiltinModule(${name});` };
      const getters = Object.keys(exported)
        .filter((key) => key !== "default")
        .map((key) => `get ${key}() { return load().${key}; }`);
      const load = `let found; const load = () => (found ??= process.getBuiltinModule(${name}));`;
      return { contents: `${load}\nmodule.exports = {\n${getters.join(",\n")}\n};` };
    });
  },
};

const keptMs = 30 * 24 * 3600 * 1000;
const entryName = "main.js";

const root = resolve(import.meta.dirname, "../..");
const folder = resolve(process.argv[2] ?? join(root, "dist/cli"));

await mkdir(folder, { recursive: true });
const stamp = join(folder, `.made-${process.pid}`);
await writeFile(stamp, ""); // before any source is read: one that changes meanwhile is newer
try {
  await bundleInto(folder);
  await removeOldFiles(folder);
  await rename(stamp, join(folder, "made"));
} finally {
  await rm(stamp, { force: true });
}

async function bundleInto(target: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["apps/cli/src/main.ts"],
    outdir: target,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24.2",
    plugins: [namedExports, lateBuiltins],
    sourcemap: "linked",
    sourcesContent: false,
    write: false,
    logLevel: "error",
    // packages of the CommonJS kind ask for Node's own modules by `require`, which a module does not have
    banner: {
      js: `const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);`,
    },
  });
  const isEntry = (path: string): boolean => basename(path) === entryName;
  for (const file of outputFiles.toSorted((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)))) {
    await writeFile(`${file.path}.${process.pid}`, file.contents);
    await rename(`${file.path}.${process.pid}`, file.path);
  }
}

async function removeOldFiles(target: string): Promise<void> {
  for (const name of await readdir(target)) {
    const stats = await stat(join(target, name)).catch(() => undefined); // another bundler may have renamed it
    if (stats !== undefined && Date.now() - stats.mtimeMs > keptMs) await rm(join(target, name), { force: true });
  }
}
