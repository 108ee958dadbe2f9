import { activationFunctions } from "../scripts/activation.ts";
import { imageLayout } from "../scripts/image-layout.ts";

/**
 * Python program that keeps what a shell of Nix sets, so that the image needs no Nix to run: its store cannot be written.
 *
 * Usage: `python -I nix.py FILE`, where FILE is `default.nix` or `flake.nix`. The programs of the shell stand behind the
 * wrappers of the server and in front of everything else. A Python of the shell that has ipykernel is the one of
 * notebooks. Derivations set many variables that only their builders read; those of programs are in capitals.
 */
export const nixProgram: string = String.raw`
import json, os, re, subprocess, sys, tempfile

path = sys.argv[1]
ONLY_FOR_BUILDERS = re.compile("NIX_BUILD_.*|NIX_ENFORCE_.*|NIX_STORE|NIX_LOG_FD|NIX_CONF_DIR|NIX_GCROOT|SOURCE_DATE_EPOCH|HOST_PATH|CONFIG_SHELL|TMP|TMPDIR|TEMP|TEMPDIR")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def shell(before):
    """The variables inside of the shell."""
    with tempfile.TemporaryDirectory() as folder:
        output, script = os.path.join(folder, "variables"), os.path.join(folder, "shell.sh")
        if os.path.basename(path) == "flake.nix":
            command = ["nix", "print-dev-env", "path:" + os.path.dirname(os.path.abspath(path))]
            with open(script, "wb") as file:
                subprocess.run(command, env=before, stdin=subprocess.DEVNULL, stdout=file, check=True)
            command = ["bash", "--noprofile", "--norc", "-c", '. "$1"; env -0 >"$2"', "shell", script, output]
        else:
            command = ["nix-shell", path, "--run", "env -0 >" + output]
        subprocess.run(command, env=before, stdin=subprocess.DEVNULL, check=True)
        with open(output) as file:
            return dict(entry.split("=", 1) for entry in file.read().split("\0") if "=" in entry)


def register_kernel(variables):
    program = "import ipykernel, sys; print(sys.executable)"
    try:
        found = subprocess.run(["python", "-c", program], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError:
        return
    python = found.stdout.strip()
    if found.returncode == 0 and python.startswith("/nix/store/"):
        folder = "${imageLayout.environment}/share/jupyter/kernels/python3"
        os.makedirs(folder, exist_ok=True)
        command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        with open(os.path.join(folder, "kernel.json"), "w") as file:
            json.dump({"argv": command, "display_name": "Python 3 (Nix)", "language": "python"}, file, indent=1)


${activationFunctions}


before = {**os.environ, "PATH": PATH}
try:
    after = shell(before)
except (OSError, subprocess.CalledProcessError) as error:
    sys.exit("nix: %s gives no shell: %s" % (path, error))
register_kernel({**after, "PATH": after.get("PATH", PATH)})
kept = {key: value for key, value in after.items() if re.fullmatch("[A-Z][A-Z0-9_]*", key) and not ONLY_FOR_BUILDERS.fullmatch(key)}
write_differences(before, kept, "${imageLayout.nixActivation}", "${imageLayout.bin}:")
`.trimStart();
