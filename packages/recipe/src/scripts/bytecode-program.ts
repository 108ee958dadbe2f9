/**
 * Python program that leaves one unchecked-hash `.pyc` beside every module under the given folders.
 *
 * Usage: `python -I -S - CACHE FOLDER…`; CACHE is `-` for none. Unchecked, because images are read-only and
 * because their file times are all the same, which a timestamp `.pyc` would take for "stale" at every start.
 * Output bytes depend on source, path and interpreter only: each file is compiled by a process that has the
 * same strings alive, whatever it compiled before. Modules that are up to date are only hashed.
 *
 * Test suites inside packages (folders named test or tests) get none: they are a third of the modules of a scientific
 * environment, and who runs them once does not mind that Python compiles them then.
 */
export const bytecodeProgram: string = String.raw`
import _imp, gc, hashlib, importlib.util, marshal, os, sys

cache, roots = sys.argv[1], [os.path.realpath(root) for root in sys.argv[2:] if os.path.isdir(root)]
magic = importlib.util.MAGIC_NUMBER
tag = sys.implementation.cache_tag
suffix = "." + tag + ".pyc"
tests = {"test", "tests"}
salt = (sys.version + "\0" + magic.hex() + "\0").encode()
gc.disable()


def sources(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        is_test = not tests.isdisjoint(folder[len(root):].split(os.sep))
        present = set() if is_test else {name[:-3] for name in names if name.endswith(".py")}
        for name in sorted(present):
            yield folder, name
        clear(os.path.join(folder, "__pycache__"), present)


def clear(folder, present):
    """Removes what our interpreter left for modules that are gone, and other optimisation levels."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        stem, dot, rest = name.partition(".")
        ours = name.endswith(suffix) and name[: -len(suffix)] in present
        if rest.startswith(tag) and not ours or ".pyc." in name:
            os.unlink(os.path.join(folder, name))


def compiled(source, path):
    """The whole .pyc, from the cache or fresh; nothing for a file that is no Python of this version."""
    key = hashlib.sha256(salt + path.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(source).digest()).hexdigest()
    kept = os.path.join(cache, key[:2], key) if cache != "-" else None
    if kept:
        try:
            with open(kept, "rb") as file:
                return file.read()
        except OSError:
            pass
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, MemoryError, UnicodeError):
        return None
    data = magic + b"\x01\0\0\0" + _imp.source_hash(importlib.util._RAW_MAGIC_NUMBER, source) + marshal.dumps(code)
    if kept:
        try:
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            replace(kept, data)
        except OSError:
            pass
    return data


def replace(path, data):
    part = path + "." + str(os.getpid()) + ".part"
    with open(part, "wb") as file:
        file.write(data)
    os.chmod(part, 0o644)
    os.replace(part, path)


def refresh(folder, name):
    path = os.path.join(folder, name + ".py")
    target = os.path.join(folder, "__pycache__", name + suffix)
    if os.path.islink(path) and not os.path.exists(path):
        return
    with open(path, "rb") as file:
        source = file.read()
    want = magic + b"\x01\0\0\0" + _imp.source_hash(importlib.util._RAW_MAGIC_NUMBER, source)
    try:
        with open(target, "rb") as file:
            if file.read(16) == want:
                return
        os.unlink(target)
    except OSError:
        pass
    data = compiled(source, path)
    if data is not None:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        replace(target, data)


def share(index, count, every):
    for position, (folder, name) in enumerate(every):
        if position % count == index:
            refresh(folder, name)


def main():
    sys.setrecursionlimit(20000)
    import warnings

    warnings.simplefilter("ignore")
    every = [item for root in roots for item in sources(root)]
    count = max(1, min(len(os.sched_getaffinity(0)), len(every) // 50 + 1))
    workers = []
    for index in range(count):
        worker = os.fork()
        if worker == 0:
            status = 1
            try:
                share(index, count, every)
                status = 0
            except BaseException as error:
                sys.stderr.write("bytecode: %r\n" % (error,))
            finally:
                os._exit(status)
        workers.append(worker)
    statuses = [os.waitpid(worker, 0)[1] for worker in workers]
    if any(statuses):
        sys.exit("bytecode: a compiling process failed")


main()
`.trimStart();
