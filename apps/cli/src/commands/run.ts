import { hostname, userInfo } from "node:os";
import { processRunner } from "@repo2singularity/base";
import { extractTree, openImage } from "@repo2singularity/image";
import {
  findRuntime,
  formatReady,
  type OwnCommand,
  parseBind,
  runImage,
  type SessionEvent,
} from "@repo2singularity/launch";
import type { HostIo } from "../host-io.ts";
import type { BuildFlags } from "../options.ts";
import { openWorkbench } from "../workbench.ts";

/**
 * Runs an image on this host until its program ends: Jupyter, or a command.
 * @param own what the image itself runs, when that is not our Jupyter server
 * @returns the exit status of the session
 */
export async function run(
  image: string,
  command: readonly string[],
  flags: BuildFlags,
  io: HostIo,
  own?: OwnCommand,
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
  return await runImage(image, {
    runtime,
    machine: { env: io.env, hostname: hostname(), username: userInfo().username },
    cwd: io.cwd,
    command,
    ...(own === undefined ? {} : { own }),
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
  else io.stderr.write(event.type === "starting" ? `starting with ${event.runtime}\n` : `${event.line}\n`);
}
