import { rm, stat } from "node:fs/promises";
import { AppError, isAppError, type ProcessRunner } from "@repo2singularity/base";

/** What a system program is run with. */
export interface ProgramTools {
  readonly runProcess: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

const suffixes = { xz: ".xz", bzip2: ".bz2" } as const;
/** POSIX: the shell's limit of file sizes counts in units of 512 bytes. */
const ulimitUnitBytes = 512;
/** A program that wrote past the limit dies of SIGXFSZ (25) or says so. */
const tooLarge = /File (?:size limit|too large)/i;

/**
 * Decompresses a file with the system's `xz` or `bzip2`, which Node does not have.
 * @param path ends in `.xz` or `.bz2`; the file beside it without that suffix is written
 * @returns the path of the written file
 * @throws E_PROCESS_NOT_FOUND when the program is missing, E_LIMIT_EXCEEDED, E_ARCHIVE_INVALID
 */
export async function decompressFile(
  path: string,
  program: "xz" | "bzip2",
  limitBytes: number,
  tools: ProgramTools,
): Promise<string> {
  const output = path.slice(0, -suffixes[program].length);
  const script = 'ulimit -f "$1" && exec "$2" --decompress --keep --force -- "$3"';
  const blocks = String(Math.ceil(limitBytes / ulimitUnitBytes));
  try {
    await tools.runProcess("sh", ["-c", script, "sh", blocks, program, path], {
      env: { PATH: tools.env["PATH"], LC_ALL: "C" },
      endsDescendants: true,
      ...(tools.signal === undefined ? {} : { signal: tools.signal }),
    });
    return output;
  } catch (error) {
    const writtenBytes = await stat(output).then(
      ({ size }) => size,
      () => 0,
    );
    await rm(output, { force: true });
    throw programError(error, { path, program, isTooLarge: writtenBytes >= limitBytes });
  }
}

function programError(
  error: unknown,
  { path, program, isTooLarge }: { readonly path: string; readonly program: string; readonly isTooLarge: boolean },
): unknown {
  if (!isAppError(error, "E_PROCESS_FAILED")) return error;
  const stderr = typeof error.data?.["stderr"] === "string" ? error.data["stderr"].trim() : "";
  if (error.data?.["exitCode"] === 127) {
    const debianPackage = program === "xz" ? "xz-utils" : program;
    return new AppError("E_PROCESS_NOT_FOUND", `${path} is compressed with ${program}, which is not installed`, {
      hint: `install it (Debian: apt-get install ${debianPackage}) and try again`,
    });
  }
  if (isTooLarge || tooLarge.test(stderr)) {
    return new AppError("E_LIMIT_EXCEEDED", `${path}: unpacks to more than the limit`, {
      hint: "raise sourceMaxSize in the configuration if you trust the archive",
    });
  }
  return new AppError("E_ARCHIVE_INVALID", `${path}: ${stderr === "" ? `${program} cannot read it` : stderr}`);
}
