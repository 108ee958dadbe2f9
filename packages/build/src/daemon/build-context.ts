import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { shellQuote } from "@repo2singularity/base";
import type { CacheName, Recipe, Step } from "@repo2singularity/contracts";
import type { Checkout } from "@repo2singularity/source";
import { mountsFolder } from "../executor/port.ts";
import { holdsRepository, softwareTimeSeconds } from "../pipeline/group-key.ts";
import { placeFiles } from "../pipeline/place-files.ts";
import { stepEnvironment } from "../pipeline/step-environment.ts";
import { cacheMount, type StepSetting } from "../pipeline/step-setting.ts";

/** What a recipe's context is written from. */
export interface ContextRequest {
  readonly recipe: Recipe;
  readonly checkout: Checkout;
  readonly setting: StepSetting;
  /** The daemon's name of the base. */
  readonly baseImage: string;
  /** PATH of the base. */
  readonly basePath: string;
  /** Of the repository's files, seconds since 1970. */
  readonly timestampSeconds: number;
  /** Whether steps may have mounts; the classic builder copies instead. */
  readonly hasBuildKit: boolean;
}

type RunStep = Extract<Step, { kind: "run" }>;
type FileStep = Exclude<Step, RunStep>;

/** Where one step is written to. */
interface StepPlace extends ContextRequest {
  readonly context: string;
  /** Of the step's own folder, relative to the context. */
  readonly folder: string;
  readonly mtimeSeconds: number;
}

/** Folder of the context with what executors mount into every step: settings, certificates, tools. */
const hostFolder = "host";

/** Where a step finds its script. */
const scriptFolder = `${mountsFolder}/step`;

/**
 * Writes a recipe as a folder that `docker build` takes: a Dockerfile, and each text that it needs as a file beside it.
 *
 * It does what `plan --format dockerfile` prints without what only newer builders have: here-documents came with Docker
 * 23.0, or with a frontend from Docker Hub. Steps get the machine's settings as executors give them, in `/run`, of which
 * no image keeps anything.
 * @param context an empty folder
 */
export async function writeBuildContext(context: string, request: ContextRequest): Promise<void> {
  const { recipe, setting, hasBuildKit } = request;
  await writeHostFolder(path.join(context, hostFolder), recipe, setting);
  const lines = [`FROM ${request.baseImage}`, ...(hasBuildKit ? [] : [`COPY ${hostFolder}/ ${mountsFolder}/`])];
  let index = 0;
  for (const group of recipe.groups) {
    const mtimeSeconds = holdsRepository(group) ? request.timestampSeconds : softwareTimeSeconds;
    for (const step of group.steps) {
      const place = { ...request, context, folder: `steps/${index++}`, mtimeSeconds };
      await mkdir(path.join(context, place.folder), { recursive: true });
      lines.push(`# ${group.name}: ${step.title}`);
      lines.push(...(step.kind === "run" ? await writeRunStep(step, place) : await writeFileStep(step, place)));
    }
  }
  await writeFile(path.join(context, "Dockerfile"), `${lines.join("\n")}\n`);
}

async function writeHostFolder(folder: string, recipe: Recipe, setting: StepSetting): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { source, target } of setting.mounts) {
    await cp(source, path.join(folder, path.relative(mountsFolder, target)), { recursive: true });
  }
  for (const name of cachesOf(recipe.groups.flatMap(({ steps }) => steps))) {
    await mkdir(path.join(folder, path.relative(mountsFolder, cacheMount(name))), { recursive: true });
  }
}

function cachesOf(steps: readonly Step[]): readonly CacheName[] {
  return [...new Set(steps.flatMap((step) => (step.kind === "run" ? step.caches : [])))];
}

/** A script starts with a clean environment, whatever the image and the builder set. */
async function writeRunStep(step: RunStep, place: StepPlace): Promise<readonly string[]> {
  const { context, folder, setting, hasBuildKit } = place;
  const environment = { ...stepEnvironment(place), ...(step.network ? setting.networkEnv : {}), ...step.env };
  const words = Object.entries(environment).map(([name, value]) => shellQuote(`${name}=${value}`));
  const program = step.interpreter === "sh" ? "/bin/sh -e" : "python3";
  const starter = `umask 022\ncd ${shellQuote(step.cwd)}\nexec env -i ${words.join(" ")} ${program} ${scriptFolder}/script\n`;
  await writeFile(path.join(context, folder, "run"), starter);
  await writeFile(path.join(context, folder, "script"), step.script);
  const command = JSON.stringify(["/bin/sh", "-e", `${scriptFolder}/run`]);
  if (!hasBuildKit) return [`COPY ${folder}/ ${scriptFolder}/`, `RUN ${command}`];
  const mounts = [
    `type=bind,source=${hostFolder},target=${mountsFolder},rw`, // what is written to it is thrown away
    `type=bind,source=${folder},target=${scriptFolder}`,
    ...step.caches.map((name) => `type=cache,id=repo2singularity-${name},target=${cacheMount(name)}`),
    "type=tmpfs,target=/tmp",
    "type=tmpfs,target=/var/tmp",
  ];
  return [`RUN ${mounts.map((mount) => `--mount=${mount}`).join(" ")} ${command}`];
}

/** Files are put where they will lie in the image, then copied from there one folder or file at a time. */
async function writeFileStep(step: FileStep, place: StepPlace): Promise<readonly string[]> {
  const root = path.join(place.context, place.folder);
  await placeFiles(step, root, place.checkout);
  if (step.kind === "write") return [copyLine(`${place.folder}${step.path}`, step.path)];
  const target = path.join(root, step.destination);
  await mkdir(target, { recursive: true }); // a repository may have no files at all
  await chmod(target, 0o755);
  return [copyLine(`${place.folder}${step.destination}/`, `${step.destination}/`)];
}

function copyLine(from: string, to: string): string {
  return `COPY ${JSON.stringify([from, to])}`;
}
