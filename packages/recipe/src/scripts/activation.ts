import { imageLayout } from "./image-layout.ts";

/** Lines of sh that let what follows see what the environment's own scripts set when it was made. */
export const activationLines: string = [imageLayout.condaActivation, imageLayout.nixActivation]
  .map((file) => `[ ! -f ${file} ] || . ${file}\n`)
  .join("");

/**
 * Python functions with which a program keeps what scripts set: `write_differences(before, after, path, front)` writes the
 * variables that are in the mapping `after` and not in `before` as lines of sh; what stands in front of an old value
 * stays in front of whatever is there then. `front` is put in front of everything in PATH.
 */
export const activationFunctions: string = String.raw`
def write_differences(before, after, path, front=""):
    lines = []
    for key in sorted(after):
        value, old = after[key], before.get(key)
        if value == old or key in ("_", "SHLVL", "PWD", "OLDPWD") or not re.fullmatch(r"[A-Za-z_]\w*", key) or key.startswith("CONDA_BACKUP_"):
            continue
        if old is not None and value.endswith(old):
            lines.append("export %s=%s\"$%s\"" % (key, quoted((front if key == "PATH" else "") + value[: -len(old)]), key))
        else:
            lines.append("export %s=%s" % (key, quoted(value)))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("".join(line + "\n" for line in lines))


def quoted(text):
    """A word that sh and Apptainer's built-in shell read alike."""
    return "'" + text.replace("'", "'\"'\"'") + "'"
`.trim();
