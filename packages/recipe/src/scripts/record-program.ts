/**
 * Python program of the build that starts the server once, asks for what a browser asks for first, and writes the
 * start-up bundle out of the modules that were imported by then.
 *
 * Usage: `python -I record.py PROGRAMS SOCKET BUNDLE`. An existing bundle that is still right is kept.
 * Ends with status 0 also where the server did not answer: the image then starts without a bundle, and says so here.
 */
export const recordProgram: string = String.raw`
import hashlib, http.client, marshal, os, socket, sys, threading, time, traceback

programs, address, target = sys.argv[1:4]
sys.dont_write_bytecode = True
TIME_LIMIT_SECONDS = 90
FIRST_REQUESTS = ("/lab", "/api/status", "/api/me", "/api/contents", "/api/kernelspecs", "/api/sessions", "/api/kernels", "/api/terminals", "/lab/api/settings", "/lab/api/workspaces/default", "/lab/api/translations")


def load(name):
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, os.path.join(programs, name + ".py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bundle = load("bundle")
search_path = list(sys.path)


def settings_digest():
    """What decides which extensions a start imports, besides the packages themselves."""
    digest = hashlib.sha256()
    places = [os.path.join(sys.prefix, "etc/jupyter"), os.path.join(os.environ["HOME"], ".jupyter"), "/usr/local/etc/jupyter", "/etc/jupyter"]
    for place in places:
        for folder, folders, names in os.walk(place):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        digest.update(path.encode() + b"\0" + hashlib.sha256(file.read()).digest())
    site = next(path for path in sys.path if path.endswith("site-packages"))
    digest.update("\0".join(sorted(name for name in os.listdir(site) if name.endswith(".dist-info"))).encode())
    return digest.hexdigest()


def bytecode(origin):
    from importlib.util import cache_from_source

    with open(cache_from_source(origin), "rb") as file:
        return file.read()[16:]


def is_current():
    try:
        index, codes = bundle.read(target)
        if index["interpreter"] != bundle.interpreter() or index["path"] != search_path or index["settings"] != settings_digest():
            return False
        return all(
            not length or bytecode(origin) == bytes(codes[offset : offset + length])
            for origin, offset, length, _, _ in index["modules"].values()
        )
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        return False


def imported():
    """Modules that were found as files, by name."""
    for name, module in sorted(sys.modules.copy().items()):
        spec = getattr(module, "__spec__", None)
        origin = getattr(spec, "origin", None)
        if name == "__main__" or spec is None or spec.name != name or not spec.has_location or not origin:
            continue
        if not os.path.isfile(origin) or not any(origin.startswith(path + "/") for path in search_path):
            continue
        if origin.endswith(".py"):
            try:
                yield name, origin, bytecode(origin), spec.submodule_search_locations is not None
            except OSError:
                continue
        elif origin.endswith(".so"):
            yield name, origin, b"", False


def write():
    modules, codes, size = {}, [], 0
    for name, origin, code, is_package in imported():
        modules[name] = (origin, size, len(code), is_package, os.path.getsize(origin))
        codes.append(code)
        size += len(code)
    index = {"interpreter": bundle.interpreter(), "path": search_path, "settings": settings_digest(), "modules": modules}
    # Version 2 has no back references, so the bytes do not depend on which strings happen to be shared.
    head = marshal.dumps(index, 2)
    with open(target + ".part", "wb") as file:
        file.write(bundle.MAGIC + len(head).to_bytes(4, "little") + head)
        file.writelines(codes)
    os.chmod(target + ".part", 0o644)
    os.replace(target + ".part", target)
    print("start-up bundle: %d modules, %.1f MB" % (len(modules), size / 1e6))


def get(path):
    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(address)
    connection.request("GET", path, headers={"Authorization": "token " + os.environ["JUPYTER_TOKEN"]})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def watch(known):
    start = time.monotonic()
    status = 0
    try:
        while status != 200 and time.monotonic() - start < TIME_LIMIT_SECONDS:
            time.sleep(0.05)
            try:
                status = get("/lab")
            except (OSError, http.client.HTTPException):
                pass
        if status == 200:
            for path in FIRST_REQUESTS:
                get(path)
            for name in known:
                sys.modules.pop(name, None)
            write()
        else:
            give_up("the server did not answer within %d s" % TIME_LIMIT_SECONDS)
    except BaseException:
        give_up(traceback.format_exc())
    sys.stdout.flush()
    os._exit(0)


def give_up(reason):
    if os.path.exists(target):
        os.unlink(target)
    print("start-up bundle: none, the image starts more slowly: " + reason)


def main():
    if is_current():
        print("start-up bundle: still right")
        return
    threading.Thread(target=watch, args=(["bundle"],), daemon=True).start()
    script = os.path.join(os.path.dirname(sys.executable), "jupyter-lab")
    sys.argv[:] = [script, "--no-browser", "--allow-root", "--ServerApp.sock=" + address, "--ServerApp.root_dir=" + os.path.dirname(address), "--log-level=ERROR"]
    try:
        from jupyterlab.labapp import main as serve

        serve()
    except BaseException as error:
        give_up("the server ended: %r" % (error,))
        sys.stdout.flush()
        os._exit(0)


main()
`.trimStart();
