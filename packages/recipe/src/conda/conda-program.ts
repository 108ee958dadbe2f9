import { activationFunctions } from "../scripts/activation.ts";

/**
 * Python program that makes the user's environment of conda packages.
 *
 * Usage: `python -I conda.py RATTLER CACHE REQUEST`; RATTLER is a folder with py-rattler, CACHE one for downloads, REQUEST
 * a JSON file: `prefix`, `subdir`, and either `channels` with `specs`, or `packages` with `url`, `sha256` and `md5`.
 * `R2S_DATE` is a day whose end no package may be newer than.
 * `R2S_LOCK_CONDA` names a JSON list of specifications that are asked for too: the exact packages of a lock.
 * `R2S_CONDA_MIRRORS` maps the beginnings of addresses to those of mirrors, as JSON; records name the real addresses.
 *
 * What is solved does not depend on the machine that builds: its processor, kernel and graphics card count for nothing,
 * only the base's C library, and the CUDA version that the request itself names. Scripts of packages that run after linking are run, as conda does.
 */
export const condaProgram: string = String.raw`
import asyncio, datetime, glob, json, os, re, shlex, subprocess, sys, tempfile

rattler_folder, cache, request_file = sys.argv[1:4]
sys.path.insert(0, rattler_folder)
from rattler import Gateway, MatchSpec, PackageRecord, RepoDataRecord, Subdir, Version, install, solve
from rattler.channel import ChannelPriority
from rattler.exceptions import SolverError
from rattler.networking import Client
from rattler.networking.middleware import MirrorMiddleware, RetryMiddleware
from rattler.package import BuildString, PackageName
from rattler.virtual_package import GenericVirtualPackage

with open(request_file) as file:
    request = json.load(file)
prefix, subdir = request["prefix"], request["subdir"]


def client():
    mirrors = json.loads(os.environ.get("R2S_CONDA_MIRRORS") or "{}")
    return Client([RetryMiddleware(3), *([MirrorMiddleware({key: [value] for key, value in mirrors.items()})] if mirrors else [])])


def virtual_packages():
    """What packages may ask of the machine: the oldest kernel of today's clusters, and the C library of the base."""
    versions = {"__unix": "0", "__linux": "4.18"}
    name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    if name == "glibc":
        versions["__glibc"] = version
    if request.get("cuda"):
        versions["__cuda"] = request["cuda"]
    return [GenericVirtualPackage(PackageName(key), Version(value), BuildString("0")) for key, value in versions.items()]


def locked():
    """The exact packages that the image is to have, beside what the repository asks for; none without a lock."""
    path = os.environ.get("R2S_LOCK_CONDA")
    if not path:
        return []
    with open(path) as file:
        return json.load(file)


async def solved(http):
    gateway = Gateway(cache_dir=os.path.join(cache, "repodata"), client=http)
    specs = [MatchSpec(text, strict=False) for text in [*request["specs"], *locked()]]
    day = os.environ.get("R2S_DATE")
    newest = datetime.datetime.fromisoformat(day + "T23:59:59") if day else None
    common = dict(exclude_newer=newest, gateway=gateway, platforms=[subdir, "noarch"], virtual_packages=virtual_packages())
    try:
        return await solve(request["channels"], specs, **common)
    except SolverError as error:
        # conda too takes a package of another channel when the first that has its name has no version that fits.
        if len(request["channels"]) < 2:
            raise
        print("conda: no solution keeps to the order of channels; trying all of them alike", file=sys.stderr)
        try:
            return await solve(request["channels"], specs, channel_priority=ChannelPriority.Disabled, **common)
        except SolverError:
            raise error from None


def named(package):
    """A package of a list of addresses as a record; all else that installing needs stands in the package."""
    url = package["url"]
    folder, _, file_name = url.rpartition("/")
    channel, _, place = folder.rpartition("/")
    stem = re.sub(r"(\.conda|\.tar\.bz2)$", "", file_name)
    name, version, build = stem.rsplit("-", 2)
    digests = {key: bytes.fromhex(package[key]) for key in ("sha256", "md5") if package.get(key)}
    record = PackageRecord(name, version, BuildString(build), 0, place, **digests)
    return RepoDataRecord(record, file_name, url, channel)


def tidy():
    """Takes out of the records where the packages lay while this ran."""
    for path in glob.glob(os.path.join(glob.escape(prefix), "conda-meta", "*.json")):
        with open(path) as file:
            record = json.load(file)
        for key in ("extracted_package_dir", "package_tarball_full_path"):
            record.pop(key, None)
        record["link"] = {"source": "", "type": 3}
        with open(path, "w") as file:
            json.dump(record, file, indent=2)
            file.write("\n")
    for name in ("CACHEDIR.TAG", ".lock"):
        if os.path.exists(os.path.join(prefix, name)):
            os.unlink(os.path.join(prefix, name))


def activation():
    """Variables that the packages' activation scripts and the environment's own settings set, with what they were before."""
    scripts = sorted(glob.glob(os.path.join(glob.escape(prefix), "etc/conda/activate.d/*.sh")))
    before = {
        "PATH": prefix + "/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "CONDA_PREFIX": prefix,
        "CONDA_DEFAULT_ENV": prefix,
        "CONDA_SHLVL": "1",
    }
    after = dict(before)
    if scripts:
        with tempfile.NamedTemporaryFile() as output:
            lines = ["set +eu", *(". " + shlex.quote(path) for path in scripts), "env -0 >" + shlex.quote(output.name)]
            subprocess.run(["bash", "--noprofile", "--norc", "-c", "\n".join(lines)], env=before, stdin=subprocess.DEVNULL, stdout=sys.stderr, cwd="/")
            with open(output.name) as file:
                after.update(entry.split("=", 1) for entry in file.read().split("\0") if "=" in entry)
    for path in sorted(glob.glob(os.path.join(glob.escape(prefix), "etc/conda/env_vars.d/*.json"))):
        with open(path) as file:
            after.update((key, str(value)) for key, value in json.load(file).items())
    return before, after


def write_activation():
    before, after = activation()
    write_differences(before, after, os.path.join(prefix, "etc/conda/repo2singularity.sh"))


${activationFunctions}


def write_r_kernel():
    folder = os.path.join(prefix, "share/jupyter/kernels/ir")
    if os.path.isdir(os.path.join(prefix, "lib/R/library/IRkernel")) and not os.path.isdir(folder):
        os.makedirs(folder)
        command = [prefix + "/bin/R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]
        with open(os.path.join(folder, "kernel.json"), "w") as file:
            json.dump({"argv": command, "display_name": "R", "language": "R"}, file, indent=1)


async def main():
    http = client()
    records = [named(package) for package in request["packages"]] if "packages" in request else await solved(http)
    for record in sorted(records, key=lambda one: one.name.normalized):
        print("%s %s %s" % (record.name.normalized, record.version, record.build))
    await install(records, prefix, cache_dir=os.path.join(cache, "pkgs"), client=http, platform=Subdir(subdir), show_progress=False, execute_link_scripts=True)
    tidy()
    write_activation()
    write_r_kernel()


status = 0
try:
    asyncio.run(main())
except Exception as error:
    print("conda: %s: %s" % (type(error).__name__, error), file=sys.stderr)
    status = 1
# Without Python's own ending, in which threads of the library may still want the interpreter.
sys.stdout.flush()
sys.stderr.flush()
os._exit(status)
`.trimStart();
