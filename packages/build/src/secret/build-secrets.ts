import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, type Secret } from "@repo2singularity/base";
import type { StepMount } from "@repo2singularity/contracts";
import type { HostMount } from "../executor/port.ts";
import { secretTexts } from "./secret-texts.ts";

type SecretMount = Extract<StepMount, { kind: "secret" }>;

/** Values by their id, as the command line gave them. */
export type BuildSecrets = ReadonlyMap<string, Secret>;

/** The secrets that one step sees, for as long as it runs. */
export interface OpenSecrets extends AsyncDisposable {
  readonly mounts: readonly HostMount[];
  readonly env: Readonly<Record<string, string>>;
  /** A line of the step's output with every value starred. */
  redact(line: string): string;
}

/**
 * Lays out the secrets of a step: files that only this user may read, removed when it ends, and variables. They are part
 * of no layer, key or recipe, and their values are starred in what the step prints.
 * @param folder an empty or missing folder that nobody else may enter
 * @throws E_SECRET_MISSING for one that the step cannot do without and nobody gave
 */
export async function openSecrets(
  wanted: readonly SecretMount[],
  secrets: BuildSecrets,
  { folder, title }: { readonly folder: string; readonly title: string },
): Promise<OpenSecrets> {
  const mounts: HostMount[] = [];
  const env: Record<string, string> = {};
  const texts: string[] = [];
  if (wanted.length > 0) await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [index, { id, target, variable, isRequired }] of wanted.entries()) {
    const value = secrets.get(id)?.reveal();
    if (value === undefined) {
      if (isRequired) throw missingSecret(id, title);
      continue;
    }
    texts.push(...secretTexts(value));
    if (variable !== undefined) env[variable] = value;
    if (target === undefined) continue;
    const source = join(folder, String(index));
    await writeFile(source, value, { mode: 0o600 });
    mounts.push({ source, target, readOnly: true });
  }
  return {
    mounts,
    env,
    redact: (line) => texts.reduce((text, value) => text.replaceAll(value, "****"), line),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function missingSecret(id: string, title: string): AppError {
  return new AppError("E_SECRET_MISSING", `the step "${title}" asks for the secret ${id}, which was not given`, {
    hint: `give it with --secret id=${id},src=FILE or --secret id=${id},env=VARIABLE`,
  });
}
