import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "@repo2singularity/base";
import { type Bind, checkBinds } from "./bind.ts";
import { jupyterWords, type OwnCommand } from "./jupyter-words.ts";
import { findFreePort } from "./free-port.ts";
import { formatTunnel, type MachineFacts, planReachability, type Reachability } from "./reachability.ts";
import type { ImageRuntime, SessionPlan } from "./runtime/port.ts";
import { type SessionProcess, type SignalSource, startSessionProcess } from "./session-process.ts";
import type { SessionGpu } from "./session-wishes.ts";
import { waitForServer } from "./wait-for-server.ts";

/** What a session tells while it runs. */
export type SessionEvent =
  | { readonly type: "starting"; readonly runtime: string }
  /** The server answers: the URL holds the token, so show it to the user only. */
  | { readonly type: "ready"; readonly url: string; readonly tunnel?: string }
  /** Something that the session does without. */
  | { readonly type: "notice"; readonly text: string }
  | { readonly type: "output"; readonly line: string };

/** How an image is run. */
export interface RunOptions {
  readonly runtime: ImageRuntime;
  readonly machine: MachineFacts;
  readonly cwd: string;
  /** Runs this instead of Jupyter Lab, on this program's own terminal. */
  readonly command?: readonly string[];
  readonly binds?: readonly Bind[];
  /** Cards that the session can use. */
  readonly gpu?: SessionGpu | undefined;
  /** What the image itself runs, of one that does not run our Jupyter server. */
  readonly own?: OwnCommand;
  /** Port of the server; a free one when left out. */
  readonly port?: number;
  /** Folder that keeps the writable copy of the repository; a private one of the session when left out. */
  readonly workspace?: string;
  readonly onEvent?: (event: SessionEvent) => void;
  readonly signals?: SignalSource;
  readonly signal?: AbortSignal;
}

/**
 * Runs an image until its program ends: Jupyter Lab with a token and a free port, or a command.
 * @param imagePath a `.sif` or `.sqfs` file, relative to `cwd`
 * @returns the exit status of the session
 * @throws E_USAGE when a path cannot be bound, E_SESSION_FAILED when the server ended before it answered,
 * E_RUNTIME_UNAVAILABLE when the runtime cannot be started
 *
 * @example
 * const runtime = await findRuntime(search);
 * const status = await runImage("demo.sif", { runtime, machine, cwd, onEvent: (event) => show(event) });
 */
export async function runImage(imagePath: string, options: RunOptions): Promise<number> {
  const binds = [...(options.binds ?? []), ...(await workspaceBinds(options))];
  await checkBinds(binds);
  const path = resolve(options.cwd, imagePath);
  const env = options.workspace === undefined ? {} : { R2S_WORKSPACE: resolve(options.cwd, options.workspace) };
  options.onEvent?.({ type: "starting", runtime: options.runtime.name });
  if (options.gpu !== undefined && !options.runtime.handsInDrivers) {
    const text = `${options.runtime.name} cannot hand in the graphics driver: install apptainer to use the card`;
    options.onEvent?.({ type: "notice", text });
  }
  const plan = { imagePath: path, binds, env, ...(options.gpu === undefined ? {} : { gpu: options.gpu }) };
  const command = options.command ?? [];
  const server = jupyterWords(options.own);
  if (command.length > 0 || server === undefined) {
    if (command.length === 0) options.onEvent?.({ type: "notice", text: noJupyter });
    return runCommand({ ...plan, command }, options);
  }
  return runServer(plan, server, options);
}

const noJupyter = "the image starts no Jupyter, so its own command is run; build it with --jupyter to have one";

async function runCommand(plan: SessionPlan, options: RunOptions): Promise<number> {
  const command = await options.runtime.prepare(plan, options.signal);
  return startSessionProcess(command, { streams: "terminal", cwd: options.cwd, ...callerOf(options) }).ended;
}

async function runServer(
  plan: Omit<SessionPlan, "command">,
  words: readonly string[],
  options: RunOptions,
): Promise<number> {
  const reachability = planReachability(options.machine);
  const port = options.port ?? (await findFreePort(reachability.address));
  const token = randomBytes(24).toString("hex");
  const command = await options.runtime.prepare(
    {
      ...plan,
      command: [...words, ...serverFlags(reachability.address, port, options.runtime.runsAsRoot)],
      env: { ...plan.env, JUPYTER_TOKEN: token },
    },
    options.signal,
  );
  const session = startSessionProcess(command, {
    streams: "lines",
    cwd: options.cwd,
    onLine: (line) => options.onEvent?.({ type: "output", line: line.replaceAll(token, "…") }),
    ...callerOf(options),
  });
  if (await isAnswering(session, reachability, port, options.signal)) {
    options.onEvent?.(readyEvent(reachability, port, token));
    return session.ended;
  }
  return failBeforeAnswer(session, options.signal);
}

/** The arguments carry no secret: the token reaches the server as a variable. */
function serverFlags(address: string, port: number, runsAsRoot: boolean): string[] {
  const root = runsAsRoot ? ["--allow-root"] : [];
  return ["--no-browser", `--ip=${address}`, `--port=${port}`, "--port-retries=0", ...root];
}

async function isAnswering(
  session: SessionProcess,
  { address }: Reachability,
  port: number,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    return await waitForServer({
      address,
      port,
      isRunning: () => session.isRunning(),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    await session.ended; // an abort has asked it to end; leave nothing running behind
    throw error;
  }
}

async function failBeforeAnswer(session: SessionProcess, signal?: AbortSignal): Promise<never> {
  const status = await session.ended;
  signal?.throwIfAborted();
  const lines = session.lastLines();
  throw new AppError(
    "E_SESSION_FAILED",
    `the server ended with status ${status} before it answered:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    {
      hint: "run the image with a command, such as `-- jupyter lab --debug`, to look closer",
      data: { status, lines },
    },
  );
}

function readyEvent(reachability: Reachability, port: number, token: string): SessionEvent {
  const tunnel = formatTunnel(reachability, port);
  // Through a tunnel, and on this machine, the browser's end is the loopback.
  const host = tunnel === undefined ? reachability.address : "127.0.0.1";
  const url = `http://${host}:${port}/lab?token=${token}`;
  return tunnel === undefined ? { type: "ready", url } : { type: "ready", url, tunnel };
}

async function workspaceBinds({ workspace, cwd }: RunOptions): Promise<Bind[]> {
  if (workspace === undefined) return [];
  const path = resolve(cwd, workspace);
  await mkdir(path, { recursive: true });
  return [{ source: path, target: path, isReadOnly: false }];
}

function callerOf(options: RunOptions): { signals?: SignalSource; signal?: AbortSignal } {
  return {
    ...(options.signals === undefined ? {} : { signals: options.signals }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}
