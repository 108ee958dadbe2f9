/**
 * Python module that gives a session its private folder: a home over what postBuild left in the build's home,
 * and a writable copy of the repository. Nothing is written into the user's own home or into the image.
 *
 * Read by the entrypoint and by the `jupyter` wrappers; runs on any Python from 3.7, without site-packages.
 */
export const sessionProgram: string = String.raw`
import os, shutil, stat, sys, tempfile

IMAGE_HOME = "/srv/home"
IMAGE_REPO = "/srv/repo"
LOG_NAME = ".jupyter-server-log.txt"
LINK_ABOVE_BYTES = 64 * 2**20
"""Larger files of the repository are linked to the image instead of copied."""


def private_folder():
    """A new folder that only this user can enter, where one can be made."""
    tried = []
    for base in (os.environ.get("TMPDIR"), os.environ.get("XDG_RUNTIME_DIR"), "/tmp", "/var/tmp", "/dev/shm", os.getcwd()):
        if base and os.path.isdir(base):
            try:
                return tempfile.mkdtemp(prefix="r2s-session-", dir=base)
            except OSError as error:
                tried.append("%s (%s)" % (base, error.strerror))
    sys.exit("repo2singularity: no folder for the session's files: tried %s; set TMPDIR to a folder you may write" % ", ".join(tried))


def copy_tree(source, target, link_above=None):
    """Copies a tree so that its owner can write all of it; links stay links."""
    os.makedirs(target, exist_ok=True)
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
        elif entry.is_dir():
            copy_tree(entry.path, path, link_above)
        elif entry.is_file():
            if link_above is not None and entry.stat().st_size > link_above:
                os.symlink(entry.path, path)
                continue
            shutil.copyfile(entry.path, path)
            info = entry.stat()
            os.chmod(path, stat.S_IMODE(info.st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR)
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def lay_home(source, target, depth=2):
    """A home whose folders can be written and whose files are those of the build's home."""
    os.makedirs(target, 0o700, exist_ok=True)
    if not os.path.isdir(source):
        return
    for entry in os.scandir(source):
        path = os.path.join(target, entry.name)
        if entry.name in (".jupyter", ".ipython"):
            copy_tree(entry.path, path)
        elif depth and entry.is_dir(follow_symlinks=False) and entry.name in (".cache", ".config", ".local", "share"):
            lay_home(entry.path, path, depth - 1)
        else:
            os.symlink(entry.path, path)


def is_building():
    return os.environ.get("R2S_BUILD") == "1"


def open_home():
    """Makes the session's folder and points the programs of the image at it. Returns the folder, or None when
    there is one already or the user's own home was asked for."""
    if os.environ.get("R2S_SESSION") or is_building():
        return None
    folder = private_folder()
    home = os.path.join(folder, "home")
    os.environ["R2S_SESSION"] = folder
    os.environ["R2S_SESSION_OWNER"] = str(os.getpid())
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):  # the host's need not be there in the container
        if not os.path.isdir(os.environ.get(name, "/")):
            del os.environ[name]
    lay_home(IMAGE_HOME, home)
    if os.environ.get("R2S_USE_HOME") != "1":
        os.environ["R2S_HOST_HOME"] = os.environ.get("HOME", "")
        os.environ["HOME"] = home
        os.environ["JUPYTER_CONFIG_DIR"] = os.path.join(home, ".jupyter")
        os.environ["JUPYTER_DATA_DIR"] = os.path.join(home, ".local/share/jupyter")
        os.environ["IPYTHONDIR"] = os.path.join(home, ".ipython")
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            os.environ.pop(name, None)
    os.environ["JUPYTER_RUNTIME_DIR"] = os.path.join(folder, "runtime")
    depots = os.environ.get("JULIA_DEPOT_PATH")
    if depots:  # Julia writes into the first one: packages that are added, and code that it compiles
        os.environ["JULIA_DEPOT_PATH"] = os.path.join(os.environ["HOME"], ".julia") + ":" + depots
    return folder


def owns_session():
    """Whether this process made the session's folder; a program that replaced it by exec still does."""
    return os.environ.get("R2S_SESSION_OWNER") == str(os.getpid())


def close_home():
    """Removes the session's own files; the working copy beside them is not touched."""
    folder = os.environ.get("R2S_SESSION")
    if folder and owns_session():
        for name in ("home", "runtime"):
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
        try:
            os.rmdir(folder)
        except OSError:
            pass


def names_in(folder):
    return sorted(name for name in os.listdir(folder) if name != LOG_NAME)


class WorkingCopy:
    """Where a session works on the repository."""

    def __init__(self, path, kept, stamp=None):
        self.path = path
        self.kept = kept
        self.stamp = stamp

    def is_changed(self):
        """Whether anything but the server's log was written since the copy was made."""
        if self.stamp is None:
            return True
        for folder, _, names in os.walk(self.path):
            if folder != self.path and os.lstat(folder).st_mtime_ns > self.stamp:
                return True
            for name in names:
                if name != LOG_NAME and os.lstat(os.path.join(folder, name)).st_mtime_ns > self.stamp:
                    return True
        return names_in(self.path) != self.names

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def open_working_copy():
    """The repository itself where it can be written, else a copy: in R2S_WORKSPACE, which is made when it is
    missing and used as it is when something is in it, or in the session's folder."""
    asked = os.environ.get("R2S_WORKSPACE")
    if asked:
        asked = os.path.abspath(asked)
        if not os.path.isdir(asked) or not os.listdir(asked):
            copy_tree(IMAGE_REPO, asked, LINK_ABOVE_BYTES)
        return WorkingCopy(asked, True)
    if not os.path.isdir(IMAGE_REPO):
        return WorkingCopy(os.getcwd(), True)
    if os.access(IMAGE_REPO, os.W_OK):
        return WorkingCopy(IMAGE_REPO, True)
    path = os.path.join(os.environ["R2S_SESSION"], "repo")
    copy_tree(IMAGE_REPO, path, LINK_ABOVE_BYTES)
    newest = max(os.lstat(folder).st_mtime_ns for folder, _, _ in os.walk(path))
    copy = WorkingCopy(path, False, newest)
    copy.names = names_in(path)
    return copy


def move_to(copy):
    """Makes the working copy the place of the repository for this process and those that it starts."""
    os.environ["REPO_DIR"] = copy.path
    project = os.environ.get("JULIA_PROJECT", "")
    if project == IMAGE_REPO or project.startswith(IMAGE_REPO + "/"):
        os.environ["JULIA_PROJECT"] = copy.path + project[len(IMAGE_REPO) :]
    os.chdir(copy.path)
`.trimStart();
