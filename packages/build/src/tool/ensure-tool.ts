import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isAbortError, isAppError, redactUrl } from "@repo2singularity/base";
import type { Store } from "@repo2singularity/store";
import type { HttpClient } from "../host/http-client.ts";
import type { HostReader } from "../host/host-reader.ts";
import type { HostSettings } from "../host/host-settings.ts";
import { findOnPath } from "./find-on-path.ts";
import { type PinnedTool, type PinnedWheel, pinnedTools, type ToolName, type ToolPlatform } from "./pinned-tools.ts";
import { findInSimpleIndex } from "./simple-index.ts";
import { unzipMember } from "./unzip-member.ts";

/** What a tool is fetched with. */
export interface ToolDependencies {
  readonly store: Store;
  readonly client: HttpClient;
  readonly settings: Pick<HostSettings, "python">;
  readonly host: Pick<HostReader, "env" | "runner">;
  readonly platform: ToolPlatform;
  readonly signal?: AbortSignal;
}

/** A tool that can be mounted into steps. */
export interface EnsuredTool {
  readonly name: string;
  readonly version: string;
  /** The program, absolute on this machine; stays there as long as the store's handle is open. */
  readonly path: string;
  readonly origin: "store" | "path";
}

const publicIndexUrl = "https://pypi.org/simple";

/**
 * Gives a tool of the pinned version: a program of exactly that version on the PATH, else the wheel of the
 * machine's Python index, checked against its pinned sha256 and unpacked once per store.
 * @throws E_TOOL_UNAVAILABLE when neither can be had, with what was tried
 */
export async function ensureTool(name: ToolName, deps: ToolDependencies): Promise<EnsuredTool> {
  return ensurePinnedTool(pinnedTools[name], deps);
}

/** {@link ensureTool} for a tool that is given whole. */
export async function ensurePinnedTool(tool: PinnedTool, deps: ToolDependencies): Promise<EnsuredTool> {
  const common = { name: tool.program, version: tool.version };
  const own = await findOnPath(tool.program, tool.version, { ...deps.host, ...signalOf(deps) });
  if (own !== undefined) return { ...common, path: own, origin: "path" };
  const wheel = tool.wheels[deps.platform];
  const key = `tool-${tool.program}-${wheel.sha256}`;
  const folder = await deps.store.ensureTree(key, (target) => unpackWheel(tool, wheel, target, deps), signalOf(deps));
  return { ...common, path: join(folder, tool.program), origin: "store" };
}

async function unpackWheel(
  tool: PinnedTool,
  wheel: PinnedWheel,
  folder: string,
  deps: ToolDependencies,
): Promise<void> {
  const archive = await fetchWheel(tool, wheel, deps);
  await unzipMember(archive, wheel.member, { path: join(folder, tool.program), mode: 0o755, ...signalOf(deps) });
}

/** Tries folders with wheels first, since they cost nothing, then the indexes in the machine's order. */
async function fetchWheel(tool: PinnedTool, wheel: PinnedWheel, deps: ToolDependencies): Promise<string> {
  const expected = `sha256:${wheel.sha256}` as const;
  const present = await deps.store.find(expected);
  if (present !== undefined) return present.path;
  const { python } = deps.settings;
  const tried: string[] = [];
  for (const folder of python.findLinks.filter((link) => link.startsWith("/"))) {
    const path = join(folder, wheel.filename);
    tried.push(path);
    if (await isFile(path)) return (await deps.store.putFile(path, { expected, ...signalOf(deps) })).path;
  }
  const indexes = python.noIndex ? [] : [python.indexUrl ?? publicIndexUrl, ...python.extraIndexUrls];
  for (const index of indexes) {
    const outcome = await fetchFromIndex(index, tool, wheel, deps);
    if ("path" in outcome) return outcome.path;
    tried.push(`${redactUrl(index)} (${outcome.reason})`);
  }
  throw new AppError(
    "E_TOOL_UNAVAILABLE",
    `${tool.program} ${tool.version} could not be fetched: ${tried.join(", ")}`,
    {
      hint: `put ${wheel.filename} into a folder that PIP_FIND_LINKS names, or set mirrors.python in the configuration`,
      retryable: true,
    },
  );
}

async function fetchFromIndex(
  index: string,
  tool: PinnedTool,
  wheel: PinnedWheel,
  deps: ToolDependencies,
): Promise<{ readonly path: string } | { readonly reason: string }> {
  try {
    const wanted = { project: tool.project, filename: wheel.filename, ...signalOf(deps) };
    const url = await findInSimpleIndex(deps.client, index, wanted);
    if (url === undefined) return { reason: `has no ${wheel.filename}` };
    const answer = await deps.client.get(url, signalOf(deps));
    if (answer.statusCode !== 200) return { reason: `${redactUrl(url)} answered ${answer.statusCode}` };
    const expected = `sha256:${wheel.sha256}` as const;
    return { path: (await deps.store.put(answer.body, { expected, ...signalOf(deps) })).path };
  } catch (error) {
    // a full disk or a lost lock will not get better with the next index
    if (isAbortError(error) || (isAppError(error) && !passable.has(error.code))) throw error;
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

const passable: ReadonlySet<string> = new Set(["E_TOOL_UNAVAILABLE", "E_STORE_CORRUPT"]);

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

function signalOf(deps: { readonly signal?: AbortSignal }): { readonly signal?: AbortSignal } {
  return deps.signal === undefined ? {} : { signal: deps.signal };
}
