/**
 * Python program that runs a command as repo2docker's entrypoint does: in a writable copy of the repository,
 * through the repository's `start` script, with every signal passed on and the command's exit status.
 *
 * Usage: `python -I -S run.py [COMMAND…]`; without a command, the image's own. The output of a
 * server is also kept in `.jupyter-server-log.txt`; any other command keeps its terminal and its two streams.
 */
export const entryProgram: string = String.raw`
import os, signal, subprocess, sys, threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session


def open_log(folder):
    for base in (os.environ["REPO_DIR"], ".", folder or "/tmp"):
        try:
            return open(os.path.join(base, session.LOG_NAME), "ab", buffering=0)
        except OSError:
            pass
    return None


def tee(source, sinks):
    """Copies to all sinks; one whose disk is full or whose reader is gone is dropped."""
    while True:
        data = os.read(source, 65536)
        if not data:
            return
        for sink in list(sinks):
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(sink.fileno(), view) :]
            except OSError:
                sinks.remove(sink)


def forward_signals(child):
    def forward(number, _frame):
        try:
            child.send_signal(number)
        except ProcessLookupError:
            pass

    # A terminal sends these to the whole foreground group: the command has them already.
    own = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP} if sys.stdin.isatty() else set()
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGPIPE}:
        try:
            signal.signal(number, (lambda *_: None) if number in own else forward)
        except (OSError, ValueError):
            pass


def run(command, logged, folder):
    log = open_log(folder) if logged and not sys.stdout.isatty() else None
    try:
        if log is None:
            child = subprocess.Popen(command)
        else:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
    except OSError as error:
        sys.stderr.write("repo2singularity: %s: %s\n" % (command[0], error.strerror))
        return 127 if isinstance(error, FileNotFoundError) else 126
    forward_signals(child)
    if log is not None:
        reader = threading.Thread(target=tee, args=(child.stdout.fileno(), [sys.stdout, log]), daemon=True)
        reader.start()
    status = child.wait()
    if log is not None:
        reader.join(2)  # a process that the command left behind may hold the pipe for ever
    return 128 - status if status < 0 else status


def main():
    folder = session.open_home()
    copy = session.open_working_copy()
    os.environ["R2S_HOST_PWD"] = os.getcwd()
    session.move_to(copy)
    command = sys.argv[1:] or os.environ["R2S_COMMAND"].split("\n")
    entry = os.environ.get("R2D_ENTRYPOINT")
    serves = not sys.argv[1:] or os.path.basename(command[0]).startswith("jupyter")
    if not copy.kept and serves:
        sys.stderr.write("repo2singularity: working on a copy of the repository in %s; it is kept when you change it. R2S_WORKSPACE=DIR chooses the folder\n" % copy.path)
    status = 1
    try:
        status = run([entry, *command] if entry else command, serves, folder)
    finally:
        os.chdir("/")
        if not copy.kept:
            if copy.is_changed():
                sys.stderr.write("repo2singularity: your changes are in %s\n" % copy.path)
            else:
                copy.remove()
        session.close_home()
    sys.exit(status)


main()
`.trimStart();
