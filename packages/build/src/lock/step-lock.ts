import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { PackageLock, StepGroupName } from "@repo2singularity/contracts";
import { mountsFolder } from "../executor/port.ts";
import { isCommon } from "../pipeline/group-key.ts";
import type { StepSetting } from "../pipeline/step-setting.ts";
import { writeKeptFiles } from "./kept-files.ts";
import { aptPreferences, condaSpecifications, pythonConstraints, rLockProfile, rVersions } from "./lock-files.ts";

/** Where steps find the lock. */
const lockFolder = `${mountsFolder}/lock`;

/**
 * What steps find around them, with the versions of a lock: apt, uv, pip, conda's installer, R, Julia and Nix take them
 * from mounted files. These lead; that the result is the lock's is checked when a layer is made.
 * @param folder a private folder of this build, there until its last step has ended
 * @param rProfile R's profile in the image, when it has one
 */
export async function lockSetting(
  setting: StepSetting,
  lock: PackageLock,
  { folder, rProfile }: { readonly folder: string; readonly rProfile: string | undefined },
): Promise<StepSetting> {
  const files: Readonly<Record<string, string>> = {
    "python.txt": pythonConstraints(lock),
    "conda.json": condaSpecifications(lock),
    "r.tsv": rVersions(lock),
    "r.profile": rLockProfile(rProfile ?? "", `${lockFolder}/r.tsv`),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  await writeKeptFiles(lock.files ?? {}, path.join(folder, "files"));
  const preferences = path.join(setting.settingsTree, "etc/apt/preferences.d/repo2singularity");
  await mkdir(path.dirname(preferences), { recursive: true, mode: 0o755 });
  await writeFile(preferences, aptPreferences(lock));
  const variables = {
    R2S_LOCK_PYTHON: `${lockFolder}/python.txt`,
    R2S_LOCK_CONDA: `${lockFolder}/conda.json`,
    R2S_LOCK_FILES: `${lockFolder}/files`,
    ...(rProfile === undefined ? {} : { R_PROFILE: `${lockFolder}/r.profile` }),
  };
  return {
    ...setting,
    mounts: [...setting.mounts, { source: folder, target: lockFolder, readOnly: true }],
    groupEnv: (group) => ({
      ...setting.groupEnv?.(group),
      ...(isCommon(group) ? {} : variables), // the recipe pins the versions of the server
      ...scriptEnv(group),
    }),
  };
}

/** postBuild calls uv and pip itself. */
function scriptEnv(group: StepGroupName): Readonly<Record<string, string>> {
  if (group !== "post-build") return {};
  return { UV_CONSTRAINT: `${lockFolder}/python.txt`, PIP_CONSTRAINT: `${lockFolder}/python.txt` };
}
