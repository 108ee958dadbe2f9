import { posix } from "node:path";
import type { ContainerGroup, ContainerStep, FileOrigin } from "@repo2singularity/contracts";
import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";
import { leadsThroughLink } from "../dockerfile/copy.ts";
import { matchSource } from "../match-sources.ts";
import type { RepoTree } from "../../tree/repo-tree.ts";
import type { Section } from "./parse-definition.ts";

/** What copying for a definition file needs to know. */
export interface FilesContext {
  readonly file: ConfigFile;
  readonly tree: RepoTree;
  /** Names of the stages above. */
  readonly earlier: readonly string[];
}

/** Whether a `%files` section copies from a stage. */
export function isFromStage({ args }: Section): boolean {
  return args[0] === "from";
}

/** The layer of a `%files` section, `undefined` when it names nothing. @throws E_RECIPE_FILE_INVALID */
export function planFiles(section: Section, context: FilesContext): ContainerGroup | undefined {
  const from = originOf(section, context);
  const steps = filesSteps(section, { ...context, from, root: "/" });
  return steps.length === 0
    ? undefined
    : { line: section.line, title: `%files ${section.args.join(" ")}`.trim(), steps };
}

function isMissing(source: string, tree: RepoTree): boolean {
  return matchSource(source, tree.paths).length === 0 && !leadsThroughLink(source, tree);
}

function originOf({ args, line }: Section, { file, earlier }: FilesContext): FileOrigin {
  const [word, stage, ...more] = args;
  if (word === undefined) return { kind: "context" };
  if (word !== "from" || stage === undefined || more.length > 0) {
    throw invalidFile(file.path, `%files takes nothing or "from STAGE", found ${args.join(" ")}`, { line });
  }
  if (!earlier.includes(stage)) throw invalidFile(file.path, `there is no stage ${stage} above`, { line });
  return { kind: "stage", name: stage };
}

/**
 * The copies of a section, line by line, each as `cp -r` does it.
 * @param context.root folder of the image that a destination without slash in front is in
 * @throws E_RECIPE_FILE_INVALID
 */
export function filesSteps(
  section: Section,
  context: FilesContext & { readonly from: FileOrigin; readonly root: string },
): ContainerStep[] {
  const { file, tree, from, root } = context;
  return section.text.split("\n").flatMap((written, index): ContainerStep[] => {
    const line = section.line + 1 + index;
    const text = written.trim();
    if (text === "" || text.startsWith("#")) return [];
    const [source = "", target = source] = [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, plain]) => quoted ?? plain ?? "",
    );
    const isOutside = from.kind === "context" && (source.startsWith("/") || source.split("/").includes(".."));
    if (isOutside || (from.kind === "context" && isMissing(source, tree))) {
      throw invalidFile(file.path, `${source} is not in the repository`, {
        line,
        hint: "only files of the repository can be copied; those that ignore files name are left out",
      });
    }
    const destination = destinationOf(target, root);
    return [
      {
        kind: "copy",
        title: `Copy ${source} to ${destination}`,
        from,
        sources: [source],
        destination,
        excludes: [],
        keepsParents: false,
        keepsFolder: true,
        unpacks: false,
      },
    ];
  });
}

/** As Apptainer joins them: in an app's folder a slash at the end means nothing. */
function destinationOf(target: string, root: string): string {
  if (root === "/") return target.startsWith("/") ? target : `/${target.replace(/^(?:\.\/)+/, "")}`;
  return posix.join(root, target).replace(/\/+$/, "");
}
