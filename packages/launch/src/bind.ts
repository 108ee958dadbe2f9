import { stat } from "node:fs/promises";
import { isAbsolute, normalize, resolve } from "node:path";
import { AppError } from "@repo2singularity/base";

/** A path of the host that a session sees. */
export interface Bind {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the session, without `.` and `..`. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

/**
 * Reads `src[:dest[:ro|rw]]`.
 * @param text a relative `src` starts at `cwd`; `dest` is `src` when left out
 * @throws E_USAGE when it has another form, or a character that the runtimes' own options cannot carry
 */
export function parseBind(text: string, cwd: string): Bind {
  const [source = "", target, mode, ...rest] = text.split(":");
  const fail = (why: string): never => {
    throw new AppError("E_USAGE", `--bind ${text}: ${why}`, { hint: "write it as src[:dest[:ro|rw]]" });
  };
  if (source === "") fail("no path of the host is named");
  if (rest.length > 0) fail(`expected at most three parts between colons, found ${3 + rest.length}`);
  if (/[,"\n]/.test(text)) fail("commas, quotes and line ends cannot stand in a bound path");
  if (mode !== undefined && mode !== "ro" && mode !== "rw") fail(`expected ro or rw, found "${mode}"`);
  const absoluteSource = resolve(cwd, source);
  const place = target === undefined || target === "" ? absoluteSource : target;
  if (!isAbsolute(place)) fail(`the path in the session must be absolute, found "${place}"`);
  const clean = normalize(place);
  if (clean === "/") fail("the session's root folder cannot be replaced");
  return { source: absoluteSource, target: clean.replace(/\/$/, ""), isReadOnly: mode === "ro" };
}

/**
 * Checks that what is to be bound is there.
 * @throws E_USAGE naming the first path that is not
 */
export async function checkBinds(binds: readonly Bind[]): Promise<void> {
  for (const bind of binds) {
    try {
      await stat(bind.source);
    } catch (cause) {
      throw new AppError("E_USAGE", `--bind: ${bind.source} does not exist or may not be read`, { cause });
    }
  }
}
