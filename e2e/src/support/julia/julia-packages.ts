import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A package of Julia to be made of files. */
interface JuliaSource {
  readonly name: string;
  readonly uuid: string;
  readonly version: string;
  readonly files: Readonly<Record<string, string>>;
}

/** The registry `General`, as Julia knows it. */
const general = "23338594-aafe-5451-b93e-139f81909106";

/**
 * Makes the folder of a package server with two synthetic packages: `Example`, which does what the real one does, and an
 * `IJulia` that registers a kernel like the real one's. The kernel runs code in the Julia that started it; its side of
 * Jupyter's protocol is ipykernel's, because the real one's libraries cannot be had here.
 * Source: Pkg.jl, "Registries"; the protocol of package servers: `registries`, `registry/UUID/TREE`, `package/UUID/TREE`
 * @returns the folder
 */
export function makeJuliaPackages(scratch: string): string {
  const served = path.join(scratch, "served");
  const registry = path.join(scratch, "registry");
  const ijulia = path.join(scratch, "IJulia-1.0.0");
  cpSync(path.join(import.meta.dirname, "ijulia"), ijulia, { recursive: true });
  const sources = [ijuliaSource, exampleSource("0.5.2"), exampleSource("0.5.3"), exampleSource("0.6.0")];
  const versions = new Map<string, string[]>();
  for (const source of sources) {
    const folder = path.join(scratch, `${source.name}-${source.version}`);
    writeTree(folder, { "Project.toml": projectText(source), ...source.files });
    const tree = serveTree(folder, served, `package/${source.uuid}`);
    const lines = [`["${source.version}"]`, `git-tree-sha1 = "${tree}"`, ""];
    versions.set(source.name, [...(versions.get(source.name) ?? []), ...lines]);
    const repository = `https://github.com/JuliaLang/${source.name}.jl.git`;
    writeTree(path.join(registry, source.name), {
      "Package.toml": `name = "${source.name}"\nuuid = "${source.uuid}"\nrepo = "${repository}"\n`,
      "Versions.toml": (versions.get(source.name) ?? []).join("\n"),
    });
  }
  const entries = sources.map(({ name, uuid }) => `${uuid} = { name = "${name}", path = "${name}" }`);
  const head = [`name = "General"`, `uuid = "${general}"`, `repo = "https://github.com/JuliaRegistries/General.git"`];
  writeTree(registry, { "Registry.toml": [...head, "[packages]", ...new Set(entries), ""].join("\n") });
  const tree = serveTree(registry, served, `registry/${general}`);
  writeTree(served, { registries: `/registry/${general}/${tree}\n` });
  return served;
}

const ijuliaSource: JuliaSource = {
  name: "IJulia",
  uuid: "7073ff75-c697-5162-941a-fcdaad2a7d2a",
  version: "1.0.0",
  files: {},
};

function exampleSource(version: string): JuliaSource {
  const code = `module Example\nexport hello\nhello(who::String) = "Hello, $who"\nconst version = v"${version}"\nend\n`;
  return {
    name: "Example",
    uuid: "7876af07-990d-54b4-ab0e-23690620f79a",
    version,
    files: { "src/Example.jl": code },
  };
}

function projectText({ name, uuid, version }: JuliaSource): string {
  return `name = "${name}"\nuuid = "${uuid}"\nversion = "${version}"\n`;
}

/** Packs a folder under the name that git gives its content. @returns that name */
function serveTree(folder: string, served: string, place: string): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
  git("init", "--quiet");
  git("add", "--all");
  const tree = git("write-tree");
  mkdirSync(path.join(served, place), { recursive: true });
  execFileSync("tar", ["--exclude=.git", "-czf", path.join(served, place, tree), "."], { cwd: folder });
  return tree;
}

function writeTree(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}
