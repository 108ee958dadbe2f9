import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "@repo2singularity/base";
import type { Config } from "@repo2singularity/contracts";
import type { HostIo } from "../host-io.ts";

/** A configuration and, for each of its keys, the file or variable that set it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Readonly<Record<string, string>>;
}

/** Environment variables that set a key of the configuration. */
const variables: Readonly<Record<string, keyof Config>> = {
  R2S_CACHE_DIR: "cacheDir",
  R2S_CACHE_MAX_SIZE: "cacheMaxSize",
  R2S_CACHE_DOMAIN: "cacheDomain",
  R2S_BASE: "base",
  R2S_EXECUTOR: "executor",
  R2S_COMPRESSION: "compression",
  R2S_NETWORK: "network",
  R2S_SOURCE_MAX_SIZE: "sourceMaxSize",
  R2S_MAX_FILES: "maxFiles",
};

/**
 * Reads the configuration: environment over project file (`.repo2singularity.json` in the working folder) over user
 * file (`$XDG_CONFIG_HOME/repo2singularity/config.json`) over site file (`/etc/repo2singularity/config.json`).
 * Flags are applied by the commands. A file that is absent counts as empty. The project file may lie in a stranger's
 * clone and sets only what `ProjectConfig` has.
 * @throws E_CONFIG_INVALID naming the file or variable, the key and what it should be
 */
export async function loadConfig(io: Pick<HostIo, "env" | "cwd">): Promise<LoadedConfig> {
  const userFolder = io.env["XDG_CONFIG_HOME"] ?? path.join(io.env["HOME"] ?? "/", ".config");
  const userFile = path.join(userFolder, "repo2singularity/config.json");
  const projectFile = path.join(io.cwd, ".repo2singularity.json");
  let config: Config = {};
  const origins: Record<string, string> = {};
  const apply = (origin: string, part: Config): void => {
    for (const key of Object.keys(part)) origins[key] = origin;
    config = { ...config, ...part };
  };
  for (const file of ["/etc/repo2singularity/config.json", userFile, projectFile]) {
    const part = await readConfigFile(file);
    if (part === undefined) continue;
    if (file === projectFile) await checkProjectKeys(file, part, userFile);
    apply(file, part);
  }
  for (const [variable, key] of Object.entries(variables)) {
    const value = io.env[variable];
    if (value !== undefined && value !== "") apply(`$${variable}`, await parsePart(`$${variable}`, { [key]: value }));
  }
  return { config, origins };
}

async function readConfigFile(file: string): Promise<Config | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  try {
    return await parsePart(file, JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new AppError("E_CONFIG_INVALID", `${file}: not valid JSON: ${error.message}`, { cause: error });
  }
}

async function checkProjectKeys(file: string, part: Config, userFile: string): Promise<void> {
  const { ProjectConfig } = await import("@repo2singularity/contracts");
  const refused = Object.keys(part).filter((key) => !Object.hasOwn(ProjectConfig.shape, key));
  if (refused.length === 0) return;
  const allowed = Object.keys(ProjectConfig.shape).join(" and ");
  throw new AppError("E_CONFIG_INVALID", `${file}: ${refused.join(", ")}: a working folder sets only ${allowed}`, {
    hint: `when these are your own settings, move them to ${userFile}; a stranger's folder must not set them`,
  });
}

async function parsePart(origin: string, part: unknown): Promise<Config> {
  const { Config: schema } = await import("@repo2singularity/contracts"); // most machines have no file to check
  const parsed = schema.safeParse(part);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "the whole"}: ${issue.message}`);
  throw new AppError("E_CONFIG_INVALID", `${origin}: ${problems.join("; ")}`);
}
