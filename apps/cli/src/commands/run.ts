import { hostname, userInfo } from "node:os";
import { processRunner } from "@repo2singularity/base";
import { extractTree, openImage } from "@repo2singularity/image";
import {
  findRuntime,
  formatReady,
  type OwnCommand,
  parseBind,
  planWishes,
  readHostFacts,
  runImage,
  type SessionEvent,
} from "@repo2singularity/launch";
import type { HostIo } from "../host-io.ts";
import type { BuildFlags } from "../options.ts";
import { openWorkbench } from "../workbench.ts";

/**
 * Runs an image on this host until its program ends: Jupyter, or a command.
 * @param built what the image runs when that is not our Jupyter server, and its labels
 * @returns the exit status of the session
 */
export async function run(
  image: string,
  command: readonly string[],
  flags: BuildFlags,
  io: HostIo,
  built: { readonly command?: OwnCommand; readonly labels: Readonly<Record<string, string>> },
): Promise<number> {
  await using bench = await openWorkbench(flags, io);
  const runtime = await findRuntime({
    env: io.env,
    isRoot: process.getuid?.() === 0,
    runner: processRunner,
    sandboxDirectory: await bench.store.makeScratchFolder(),
    unpack: unpackImage,
    signal: io.signal,
  });
  const wishes = planWishes(built.labels, await readHostFacts());
  for (const text of wishes.notices) showEvent({ type: "notice", text }, flags.jsonLogs === true, io);
  return await runImage(image, {
    runtime,
    machine: { env: io.env, hostname: hostname(), username: userInfo().username },
    cwd: io.cwd,
    command,
    ...(built.command === undefined ? {} : { own: built.command }),
    gpu: wishes.gpu,
    binds: flags.bind.map((text) => parseBind(text, io.cwd)),
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.workspace === undefined ? {} : { workspace: flags.workspace }),
    onEvent: (event) => showEvent(event, flags.jsonLogs === true, io),
    signal: io.signal,
  });
}

async function unpackImage(file: string, folder: string, signal?: AbortSignal): Promise<void> {
  await using image = await openImage(file);
  await extractTree(image.entries(), folder, { ownership: "mine", ...(signal === undefined ? {} : { signal }) });
}

function showEvent(event: SessionEvent, jsonLogs: boolean, io: HostIo): void {
  if (jsonLogs) io.stderr.write(`${JSON.stringify({ phase: "running", ...event })}\n`);
  else if (event.type === "ready") io.stdout.write(formatReady(event));
  else io.stderr.write(`${textOf(event)}\n`);
}

function textOf(event: Exclude<SessionEvent, { type: "ready" }>): string {
  switch (event.type) {
    case "starting":
      return `starting with ${event.runtime}`;
    case "notice":
      return `note: ${event.text}`;
    case "output":
      return event.line;
  }
}
