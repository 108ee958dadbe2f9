import { readFile } from "node:fs/promises";
import path from "node:path";
import { AppError, Secret } from "@repo2singularity/base";
import { splitPair } from "./container-flags.ts";
import type { HostIo } from "./host-io.ts";

/** Secrets by id, as `docker buildx build` takes them: `id=ID,src=FILE` or `id=ID,env=VARIABLE`. @throws E_USAGE */
export async function readSecrets(
  texts: readonly string[],
  io: Pick<HostIo, "cwd" | "env">,
): Promise<ReadonlyMap<string, Secret>> {
  const secrets = new Map<string, Secret>();
  for (const text of texts) {
    const fields = new Map(text.split(",").map((part) => splitPair(part)));
    const id = fields.get("id") ?? "";
    const file = fields.get("src") ?? fields.get("source");
    const variable = fields.get("env") ?? (file === undefined ? id : undefined);
    if (!/^[\w.-]+$/.test(id)) {
      throw new AppError("E_USAGE", `--secret ${text}: id=ID,src=FILE or id=ID,env=VARIABLE is expected`);
    }
    secrets.set(
      id,
      new Secret(file === undefined ? readVariable(variable ?? "", io.env) : await readSecret(file, io.cwd)),
    );
  }
  return secrets;
}

function readVariable(name: string, env: Readonly<Record<string, string | undefined>>): string {
  const value = env[name];
  if (value === undefined) throw new AppError("E_USAGE", `--secret: the variable ${name} is not set`);
  return value;
}

async function readSecret(file: string, cwd: string): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, file), "utf8");
  } catch (cause) {
    throw new AppError("E_USAGE", `--secret: ${file} cannot be read`, { cause });
  }
}
