import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureDockerArchive } from "./fixtures/docker-archive.ts";
import { ensureRootTree, type RootTree } from "./fixtures/root-tree.ts";
import { ensureApptainer } from "./machine/apptainer.ts";
import { ensurePrograms, type NeededProgram } from "./machine/debian-packages.ts";

/** What a benchmark gets to work with. */
export interface BenchContext {
  /** An empty folder for this benchmark alone, removed after it. */
  readonly scratchDir: string;
  /** A folder that is kept between runs, for inputs that are costly to make. */
  readonly cacheDir: string;
  /** The repository's root, to start our programs from. */
  readonly repositoryRoot: string;
  /** Counted rounds that a benchmark should measure, from `--rounds`. */
  readonly rounds: number;
  /** Writes a line of progress. */
  log(line: string): void;
  /** Makes sure that peers are installed. @throws Error with the command to run otherwise */
  ensurePrograms(programs: readonly NeededProgram[]): Promise<void>;
  /** Makes sure that apptainer is installed. @returns its version */
  ensureApptainer(): Promise<string>;
  /** A root tree of more than 1 GB as a tar. */
  rootTree(): Promise<RootTree>;
  /** The same tree as a docker archive of one layer. @returns its path */
  rootTreeDockerArchive(): Promise<string>;
}

/** A context that removes its scratch folder at its end. */
export interface DisposableBenchContext extends BenchContext, AsyncDisposable {}

/** Opens the context of one benchmark, with a fresh scratch folder. */
export async function openContext(options: {
  readonly rounds: number;
  readonly log: (line: string) => void;
}): Promise<DisposableBenchContext> {
  const cacheHome = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const cacheDir = join(cacheHome, "repo2singularity-bench");
  await mkdir(cacheDir, { recursive: true });
  const scratchDir = await mkdtemp(join(process.env["TMPDIR"] ?? tmpdir(), "r2s-bench-"));
  const { log, rounds } = options;
  const rootTree = (): Promise<RootTree> => ensureRootTree(cacheDir, log);
  return {
    scratchDir,
    cacheDir,
    repositoryRoot: fileURLToPath(new URL("../..", import.meta.url)),
    rounds,
    log,
    ensurePrograms: (programs) => ensurePrograms(programs, log),
    ensureApptainer: () => ensureApptainer(log),
    rootTree,
    rootTreeDockerArchive: async () => {
      const { tarPath } = await rootTree();
      const archivePath = tarPath.replace(/\.tar$/, ".docker.tar");
      await ensureDockerArchive(tarPath, archivePath);
      return archivePath;
    },
    [Symbol.asyncDispose]: () => rm(scratchDir, { recursive: true, force: true }),
  };
}
