"""Asks the real repo2docker what it makes of repositories: `repo2docker --no-build` on each, in one process.

Reads JSON from standard input, `[{"name": ..., "files": {path: text}}, ...]`; a path that ends in "/" is an empty
folder. Writes one JSON object a line, in the same order.
"""

import contextlib, io, json, logging, os, re, sys, tempfile

from repo2docker.__main__ import make_r2d
from repo2docker.buildpacks import base
from repo2docker.buildpacks.julia import julia_project

picked = []


class Releases:
    """Stands in for Julia's server: the list of its releases, as far as the choice of one reads it."""

    @staticmethod
    def json():
        return dict.fromkeys(JULIAS)


JULIAS = ["1.0.5", "1.6.0", "1.6.7", "1.7.3", "1.9.4", "1.10.4", "1.10.10", "1.11.0", "1.12.0-rc1", "2.0.0-alpha1"]
julia_project.requests = type("requests", (), {"get": staticmethod(lambda url: Releases)})


def recording(render):
    def wrapper(self, *arguments, **keywords):
        picked.append(self)
        return render(self, *arguments, **keywords)

    return wrapper


for kind in [base.BuildPack, *base.BuildPack.__subclasses__(), *base.BaseImage.__subclasses__()]:
    if "render" in vars(kind):
        kind.render = recording(kind.render)


def lay_out(folder, files):
    for path, text in files.items():
        target = os.path.join(folder, path)
        os.makedirs(target if path.endswith("/") else os.path.dirname(target), exist_ok=True)
        if not path.endswith("/"):
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)


def ask(folder):
    picked.clear()
    printed = io.StringIO()
    error = None
    here = os.getcwd()
    try:
        with contextlib.redirect_stdout(printed):
            app = make_r2d(["--no-build", "--user-id", "1000", "--user-name", "jovyan", folder])
            app.log.setLevel(logging.CRITICAL)
            app.start()
    except (Exception, SystemExit) as problem:
        error = "%s: %s" % (type(problem).__name__, problem)
    finally:
        os.chdir(here)
    return describe(printed.getvalue(), error)


def describe(dockerfile, error):
    buildpack = type(picked[0]).__name__ if picked else None
    apt = re.search(r"apt-get install --yes --no-install-recommends (?!gettext-base|psmisc)([^\n&]*) &&", dockerfile)
    julia = re.search(r"^ENV JULIA_VERSION[= ]\"?([^\s\"]+)", dockerfile, re.M)
    post_build = re.search(r"^RUN \./(\S+)$", dockerfile, re.M)
    start = re.search(r'R2D_ENTRYPOINT="\$\{REPO_DIR\}/([^"]+)"', dockerfile)
    return {
        "buildpack": buildpack,
        "error": error,
        "julia": julia.group(1) if julia else None,
        "python": getattr(picked[0], "python_version", None) if picked and error is None else None,
        "requirements": bool(re.search(r"pip install --no-cache-dir -r", dockerfile)),
        "installsRepository": bool(re.search(r"pip install --no-cache-dir \.$", dockerfile, re.M)),
        "apt": sorted(apt.group(1).split()) if apt else [],
        "postBuild": post_build.group(1) if post_build else None,
        "start": start.group(1) if start else None,
    }


def main():
    logging.disable(logging.CRITICAL)
    for shape in json.load(sys.stdin):
        with tempfile.TemporaryDirectory(prefix="repo2docker-oracle-") as folder:
            lay_out(folder, shape["files"])
            print(json.dumps({"name": shape["name"], **ask(folder)}), flush=True)


main()
