import { activationFunctions } from "../scripts/activation.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { nixBuildsRoot, nixChannelsRoot } from "./nix-layout.ts";

/**
 * Python program that keeps what a shell of Nix sets, so that the image needs no Nix to run: its store cannot be written.
 *
 * Usage: `python -I nix.py FILE`, where FILE is `default.nix` or `flake.nix`. The programs of the shell stand behind the
 * wrappers of the server and in front of everything else. A Python of the shell that has ipykernel is the one of
 * notebooks. Derivations set many variables that only their builders read; those of programs are in capitals.
 *
 * What `<nixpkgs>` means is settled before the shell is made, by the release that the channel leads to, and left with its
 * content's digest for the lock of the image; so is the `flake.lock` that Nix wrote. The folder `R2S_LOCK_FILES` has those
 * of a lock. `R2S_NIX_CHANNELS` and `R2S_NIX_BUILDS` are asked in place of the public addresses.
 * Source: Nix manual, "Lookup path"; the file `.git-revision` of the releases of nixpkgs
 */
export const nixProgram: string = String.raw`
import json, os, re, shutil, subprocess, sys, tempfile, urllib.error, urllib.request

path = sys.argv[1]
ONLY_FOR_BUILDERS = re.compile("NIX_BUILD_.*|NIX_ENFORCE_.*|NIX_STORE|NIX_LOG_FD|NIX_CONF_DIR|NIX_GCROOT|SOURCE_DATE_EPOCH|HOST_PATH|CONFIG_SHELL|TMP|TMPDIR|TEMP|TEMPDIR")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


LOCKED, KEPT = os.environ.get("R2S_LOCK_FILES", "/nowhere") + "/nix/", "${imageLayout.locks}/nix/"
MIRRORS = [(root, os.environ.get(name, root)) for name, root in (("R2S_NIX_CHANNELS", "${nixChannelsRoot}"), ("R2S_NIX_BUILDS", "${nixBuildsRoot}"))]
COMMENT = re.compile(r"#.*|/\*[\s\S]*?\*/")
IS_FLAKE = os.path.basename(path) == "flake.nix"
FLAKE_LOCK = os.path.join(os.path.dirname(os.path.abspath(path)), "flake.lock")


def moved(url, pairs):
    """The address with its beginning exchanged."""
    for old, new in pairs:
        if url.startswith(old + "/"):
            return new + url[len(old) :]
    return url


def names_nixpkgs():
    for folder, _, names in os.walk("."):
        for name in names:
            if name.endswith(".nix") and os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), errors="replace") as file:
                    if "<nixpkgs" in COMMENT.sub("", file.read()):
                        return True
    return False


def settled_nixpkgs():
    """The public address of what <nixpkgs> means: the release that the channel leads to now, or that of the lock."""
    if os.path.exists(LOCKED + "nixpkgs.json"):
        with open(LOCKED + "nixpkgs.json") as file:
            return json.load(file)["url"]
    channel = MIRRORS[0][1] + "/nixpkgs-unstable/nixexprs.tar.xz"
    if not IS_FLAKE and names_nixpkgs():
        try:
            with urllib.request.urlopen(urllib.request.Request(channel, method="HEAD"), timeout=60) as answer:
                channel = answer.geturl()
        except (urllib.error.URLError, OSError) as error:
            sys.exit("nix: %s asks for <nixpkgs>, and %s cannot be had: %s" % (path, channel, error))
    return moved(channel, [(mirror, root) for root, mirror in MIRRORS])


def keep_lock(url, before):
    if IS_FLAKE and os.path.exists(FLAKE_LOCK):
        os.makedirs(KEPT, exist_ok=True)
        shutil.copyfile(FLAKE_LOCK, KEPT + "flake.lock")
    if IS_FLAKE or not names_nixpkgs():
        return
    ask = lambda *command: subprocess.run(command, env=before, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    folder = ask("nix-instantiate", *SEARCH, "--find-file", "nixpkgs")
    revision = os.path.join(folder, ".git-revision")
    found = {"url": url, "revision": "", "hash": ask("nix", "hash", "path", "--type", "sha256", folder)}
    if os.path.exists(revision):
        with open(revision) as file:
            found["revision"] = file.read().strip()
    os.makedirs(KEPT, exist_ok=True)
    with open(KEPT + "nixpkgs.json", "w") as file:
        json.dump(found, file, indent=1)


def shell(before):
    """The variables inside of the shell."""
    with tempfile.TemporaryDirectory() as folder:
        output, script = os.path.join(folder, "variables"), os.path.join(folder, "shell.sh")
        if IS_FLAKE:
            command = ["nix", "print-dev-env", "path:" + os.path.dirname(os.path.abspath(path))]
            with open(script, "wb") as file:
                subprocess.run(command, env=before, stdin=subprocess.DEVNULL, stdout=file, check=True)
            command = ["bash", "--noprofile", "--norc", "-c", '. "$1"; env -0 >"$2"', "shell", script, output]
        else:
            command = ["nix-shell", *SEARCH, path, "--run", "env -0 >" + output]
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


url = settled_nixpkgs()
SEARCH = ["-I", "nixpkgs=" + moved(url, MIRRORS)]  # NIX_PATH takes no address with a port
before = {**os.environ, "PATH": PATH}
if IS_FLAKE and os.path.exists(LOCKED + "flake.lock"):
    shutil.copyfile(LOCKED + "flake.lock", FLAKE_LOCK)
try:
    after = shell(before)
    keep_lock(url, before)
except (OSError, subprocess.CalledProcessError) as error:
    sys.exit("nix: %s gives no shell: %s" % (path, error))
register_kernel({**after, "PATH": after.get("PATH", PATH)})
kept = {key: value for key, value in after.items() if re.fullmatch("[A-Z][A-Z0-9_]*", key) and not ONLY_FOR_BUILDERS.fullmatch(key)}
write_differences(before, kept, "${imageLayout.nixActivation}", "${imageLayout.bin}:")
`.trimStart();
