import { posix } from "node:path";
import type { ContainerStep, FileOrigin } from "@repo2singularity/contracts";
import type { RepoTree } from "../../tree/repo-tree.ts";
import { matchSource, normalizeSource } from "../match-sources.ts";
import { expandAt, fileProblem } from "./file-problem.ts";
import { originOf } from "./origin.ts";
import type { Heredoc, Instruction } from "./parse-dockerfile.ts";
import { splitWords } from "./split-words.ts";
import {
  expandIn,
  placeOf,
  type PlanInstruction,
  type StageContext,
  type StageState,
  titleOf,
  variablesOf,
  withGroup,
} from "./stage-state.ts";

/** The flags of COPY and ADD, read. */
interface CopyFlags {
  readonly from: FileOrigin;
  readonly mode: number | undefined;
  readonly excludes: readonly string[];
  readonly keepsParents: boolean;
  readonly checksum: string | undefined;
  readonly unpack: boolean | undefined;
}

/** Plans COPY and ADD. */
export const planCopy: PlanInstruction = (state, instruction, context) => {
  const expand = (word: string): string => expandIn(state, instruction, context, word);
  const place = placeOf(instruction, context);
  const flags = readFlags(state, instruction, context);
  const words = instruction.json ?? splitWords(instruction.rest, context.file.escape);
  const written = words.at(-1);
  if (written === undefined || words.length < 2) {
    throw fileProblem(place, `${instruction.keyword} takes sources and a destination`);
  }
  const named = expand(written);
  const destination = destinationOf(named, state.config.workingDir);
  const heredocs = instruction.json === undefined ? instruction.heredocs : [];
  const isHeredoc = (word: string): boolean => heredocs.length > 0 && /^<<-?/.test(word);
  const sources = words
    .slice(0, -1)
    .filter((word) => !isHeredoc(word))
    .map(expand);
  if (words.length > 2 && !destination.endsWith("/")) {
    throw fileProblem(place, `several sources need a folder: ${named} must end with a slash`);
  }
  const common = { instruction, context, flags, destination, title: titleOf(instruction.keyword, instruction.rest) };
  const steps = [
    ...heredocs.map((heredoc) => heredocStep(heredoc, state, common)),
    ...(instruction.keyword === "ADD" ? sources.filter(isRemote).map((url) => fetchStep(url, common)) : []),
    ...copySteps(instruction.keyword === "ADD" ? sources.filter((one) => !isRemote(one)) : sources, common),
  ];
  return withGroup(state, instruction, ...steps);
};

/** What the steps of one instruction share. */
interface CopyContext {
  readonly instruction: Instruction;
  readonly context: StageContext;
  readonly flags: CopyFlags;
  readonly destination: string;
  readonly title: string;
}

function destinationOf(named: string, workingDir: string): string {
  const path = posix.resolve(workingDir, named);
  const isFolder = named.endsWith("/") || named === "." || named.endsWith("/.");
  return isFolder && path !== "/" ? `${path}/` : path;
}

function heredocStep({ name, content, expands }: Heredoc, state: StageState, common: CopyContext): ContainerStep {
  const { destination, flags, title, instruction, context } = common;
  const expansion = { variables: variablesOf(state), escape: context.file.escape, keepsQuotes: true };
  return {
    kind: "write",
    title,
    path: destination.endsWith("/") ? `${destination}${name}` : destination,
    content: expands ? expandAt(placeOf(instruction, context), content, expansion) : content,
    mode: flags.mode ?? 0o644,
  };
}

function copySteps(sources: readonly string[], common: CopyContext): ContainerStep[] {
  const { destination, flags, title, instruction, context } = common;
  if (sources.length === 0) return [];
  if (flags.from.kind === "context") for (const source of sources) checkIsThere(source, instruction, context);
  return [
    {
      kind: "copy",
      title,
      from: flags.from,
      sources: [...sources],
      destination,
      ...(flags.mode === undefined ? {} : { mode: flags.mode }),
      excludes: [...flags.excludes],
      keepsParents: flags.keepsParents,
      keepsFolder: false,
      unpacks: instruction.keyword === "ADD" && flags.unpack !== false,
    },
  ];
}

function checkIsThere(source: string, instruction: Instruction, context: StageContext): void {
  const { tree } = context.options;
  if (matchSource(source, tree.paths).length > 0 || leadsThroughLink(source, tree)) return;
  throw fileProblem(
    placeOf(instruction, context),
    `${source} is not in the repository`,
    "correct the path; files that .dockerignore names are left out, and nothing above the repository can be copied",
  );
}

/** Whether a folder on the way is no folder but perhaps a link to one, which only a build can follow. */
export function leadsThroughLink(source: string, tree: RepoTree): boolean {
  const parts = normalizeSource(source).path.split("/");
  const folders = parts.slice(1).map((_part, depth) => parts.slice(0, depth + 1).join("/"));
  return folders.some((folder) => tree.paths.includes(folder) && !tree.isDirectory(folder));
}

/** Whether ADD fetches a source: URLs, and what git would clone. */
function isRemote(source: string): boolean {
  return /^(?:https?|ftp|git|ssh):\/\/|^git@/.test(source);
}

function fetchStep(url: string, { destination, flags, title, instruction, context }: CopyContext): ContainerStep {
  const place = placeOf(instruction, context);
  if (!/^https?:/.test(url) || /\.git(?:#.*)?$/.test(url) || !URL.canParse(url)) {
    throw fileProblem(
      place,
      `ADD cannot fetch ${url}: only http and https URLs of files are supported`,
      "clone it with RUN git clone",
    );
  }
  const name = posix.basename(new URL(url).pathname);
  if (destination.endsWith("/") && name === "") throw fileProblem(place, `${url} has no file name for ${destination}`);
  const isUnpacked = flags.unpack === true;
  return {
    kind: "fetch",
    title,
    url,
    ...(flags.checksum === undefined ? {} : { checksum: flags.checksum }),
    destination: destination.endsWith("/") && !isUnpacked ? `${destination}${name}` : destination,
    mode: flags.mode ?? 0o600,
    unpacks: isUnpacked,
  };
}

function readFlags(state: StageState, instruction: Instruction, context: StageContext): CopyFlags {
  const place = placeOf(instruction, context);
  const values = instruction.flags.map(({ name, value }) => {
    return { name, value: value === undefined ? undefined : expandIn(state, instruction, context, value) };
  });
  const allowed = [
    "chown",
    "chmod",
    "link",
    "exclude",
    "parents",
    ...(instruction.keyword === "COPY" ? ["from"] : ["checksum", "unpack", "keep-git-dir"]),
  ];
  const unknown = values.find(({ name }) => !allowed.includes(name));
  if (unknown !== undefined) throw fileProblem(place, `${instruction.keyword} has no flag --${unknown.name}`);
  const last = (name: string): string | undefined => values.findLast((flag) => flag.name === name)?.value;
  const isSet = (name: string): boolean | undefined => {
    const flag = values.findLast((one) => one.name === name);
    return flag === undefined ? undefined : (flag.value ?? "true") === "true" || flag.value === "1";
  };
  const from = last("from");
  const chmod = last("chmod");
  const checksum = last("checksum");
  if (chmod !== undefined && !/^[0-7]{1,4}$/.test(chmod))
    throw fileProblem(place, `--chmod takes an octal number, found ${chmod}`);
  if (checksum !== undefined && !/^sha256:[0-9a-f]{64}$/.test(checksum))
    throw fileProblem(place, `--checksum takes sha256:…, found ${checksum}`);
  return {
    from: from === undefined ? { kind: "context" } : originOf(from, instruction, context),
    mode: chmod === undefined ? undefined : Number.parseInt(chmod, 8),
    excludes: values.filter(({ name }) => name === "exclude").map(({ value }) => value ?? ""),
    keepsParents: isSet("parents") ?? false,
    checksum,
    unpack: isSet("unpack"),
  };
}
