import type { TreeEntry } from "../tree/entry.ts";
import { actionScripts } from "./action-scripts.ts";
import { environmentScripts, type ImageEnvironment } from "./environment-scripts.ts";

/** What an image says and does when a runtime starts it. */
export interface SingularityTreeOptions extends ImageEnvironment {
  /** What `apptainer run` runs: a whole script with its `#!` line. */
  readonly runscript: string;
  /** What `apptainer instance start` runs; nothing when left out. */
  readonly startscript?: string;
  /** What `apptainer test` runs. */
  readonly test?: string;
  /** What `apptainer run-help` prints. */
  readonly help?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Text of the definition file the image could be made from. */
  readonly definition: string;
  /** Unix seconds, of every entry. */
  readonly timestampSeconds: number;
}

/**
 * The entries below `/.singularity.d` and the links to them, as Apptainer 1.4 lays them out, parents first, sorted.
 * They belong into the topmost layer; the root directory itself is not among them.
 * @throws E_TREE_INVALID when a variable's name is none
 */
export function singularityTree(options: SingularityTreeOptions): TreeEntry[] {
  const make = entryMaker(options.timestampSeconds);
  const root = ".singularity.d";
  const actions = Object.entries(actionScripts).map(([name, text]) =>
    make.file(`${root}/actions/${name}`, text, 0o755),
  );
  const environment = Object.entries(environmentScripts(options)).map(([name, text]) =>
    make.file(`${root}/env/${name}`, text, 0o755),
  );
  const entries = [
    make.directory(root),
    make.directory(`${root}/actions`),
    ...actions,
    make.directory(`${root}/env`),
    ...environment,
    make.directory(`${root}/libs`),
    make.file(`${root}/Singularity`, options.definition, 0o644),
    make.file(`${root}/labels.json`, labelsJson(options.labels), 0o644),
    make.file(`${root}/runscript`, options.runscript, 0o755),
    make.file(`${root}/startscript`, options.startscript ?? "#!/bin/sh\n", 0o755),
    ...(options.test === undefined ? [] : [make.file(`${root}/test`, options.test, 0o755)]),
    ...(options.help === undefined ? [] : [make.file(`${root}/runscript.help`, options.help, 0o644)]),
    ...singularityLinks.map(([path, target]) => make.link(path, target)),
  ];
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Links of the root directory into `/.singularity.d`. */
const singularityLinks: readonly (readonly [string, string])[] = [
  [".exec", ".singularity.d/actions/exec"],
  [".run", ".singularity.d/actions/run"],
  [".shell", ".singularity.d/actions/shell"],
  [".test", ".singularity.d/actions/test"],
  ["environment", ".singularity.d/env/90-environment.sh"],
  ["singularity", ".singularity.d/runscript"],
];

/**
 * Whether a path is one that {@link singularityTree} makes anew, so that an earlier image's entry must give way.
 * @param path relative, as in a tree entry
 */
export function isSingularityPath(path: string): boolean {
  return /^\.singularity\.d(?:\/|$)/.test(path) || singularityLinks.some(([link]) => link === path);
}

/**
 * Folders and files that runtimes mount the host's over, and the root directory: they must be there, because a
 * read-only image cannot grow them. They belong below everything else, so that an image's own win.
 * @param timestampSeconds Unix seconds, of every entry
 */
export function bindTargetTree(timestampSeconds: number): TreeEntry[] {
  const make = entryMaker(timestampSeconds);
  return [
    make.directory(""),
    make.directory("dev"),
    make.directory("etc"),
    make.file("etc/hosts", "", 0o644),
    make.file("etc/resolv.conf", "", 0o644),
    make.directory("home"),
    make.directory("mnt"),
    make.directory("proc"),
    make.directory("root", 0o700),
    make.directory("run"),
    make.directory("sys"),
    make.directory("tmp", 0o1777),
    make.directory("var"),
    make.directory("var/tmp", 0o1777),
  ];
}

function labelsJson(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), undefined, "\t")}\n`;
}

interface EntryMaker {
  directory(path: string, mode?: number): TreeEntry;
  file(path: string, text: string, mode: number): TreeEntry;
  link(path: string, linkTarget: string): TreeEntry;
}

function entryMaker(mtimeSeconds: number): EntryMaker {
  const common = { uid: 0, gid: 0, mtimeSeconds, sizeBytes: 0 };
  return {
    directory: (path, mode = 0o755) => ({ ...common, path, type: "directory", mode }),
    link: (path, linkTarget) => ({ ...common, path, type: "symlink", mode: 0o777, linkTarget }),
    file: (path, text, mode) => {
      const bytes = new TextEncoder().encode(text);
      const stream = async function* (): AsyncIterable<Uint8Array> {
        if (bytes.length > 0) yield bytes;
      };
      return { ...common, path, type: "file", mode, sizeBytes: bytes.length, content: { stream } };
    },
  };
}
