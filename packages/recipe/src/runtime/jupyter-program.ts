/**
 * Python program behind the `jupyter` wrappers: runs a console script of the server's environment, in a session's
 * home, with the modules of the start-up bundle.
 *
 * Usage: `python -I jupyter.py NAME [ARGUMENT…]`, with `--user` before NAME for a program of the user's environment.
 * `R2S_START_BUNDLE=0` leaves the bundle out.
 */
export const jupyterProgram: string = String.raw`
import os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = ("jupyter-lab", "jupyter-notebook", "jupyter-server")
sys.path.insert(0, HERE)
import session


def use_bundle():
    if os.environ.get("R2S_START_BUNDLE") == "0" or session.is_building():
        return
    import bundle

    sys.path.remove(HERE)
    try:
        bundle.install(os.path.join(HERE, "start.bundle"))
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        pass  # no bundle, or a damaged one: modules are found as ever


def run_users(arguments):
    session.open_home()
    path = os.path.join("/srv/env/bin", arguments[0])
    os.execv(path, [path, *arguments[1:]])


def main():
    name, arguments = sys.argv[1], sys.argv[2:]
    if name == "--user":
        run_users(arguments)
    script = os.path.join(os.path.dirname(sys.executable), name)
    if name == "jupyter" and arguments and os.path.exists(script + "-" + arguments[0]):
        script, arguments = script + "-" + arguments[0], arguments[1:]
    with open(script, "rb") as file:
        source = file.read()
    if b"python" not in source.split(b"\n", 1)[0]:
        os.execv(script, [script, *arguments])
    session.open_home()
    if session.owns_session():
        import atexit

        atexit.register(session.close_home)
    if os.path.basename(script) in SERVERS:
        use_bundle()
    if HERE in sys.path:
        sys.path.remove(HERE)
    sys.argv[:] = [script, *arguments]
    exec(compile(source, script, "exec"), {"__name__": "__main__", "__file__": script, "__builtins__": __builtins__})


main()
`.trimStart();
