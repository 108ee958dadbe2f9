import { juliaBuildsRoot } from "./julia-layout.ts";

/**
 * Python program that fetches a release of Julia.
 *
 * Usage: `python -I julia.py REQUEST ARCHIVE VERSION`; REQUEST is a JSON file: `ranges`, a list of `from` and `below` (or null),
 * or `exact`, one version that may be a pre-release; `triplet`, the platform; `asked`, what asks for it. The newest
 * release that fits is written to ARCHIVE, checked against the digest in the list of releases, and its version to VERSION.
 * `R2S_JULIA_BUILDS` is asked in place of the public address; the version in the folder `R2S_LOCK_FILES` is taken before
 * any other.
 * Source: `versions.json` of Julia's builds: version to `stable` and `files` with `url`, `triplet`, `kind`, `sha256`
 */
export const juliaReleaseProgram: string = String.raw`
import hashlib, json, os, sys, time, urllib.error, urllib.request

PUBLIC = "${juliaBuildsRoot}"
request_file, archive, version_file = sys.argv[1:4]
with open(request_file) as file:
    request = json.load(file)
locked = os.path.join(os.environ.get("R2S_LOCK_FILES", "/nowhere"), "julia/version")
if os.path.exists(locked):
    with open(locked) as file:
        request.update(exact=file.read().strip(), asked="the lock")
root = os.environ.get("R2S_JULIA_BUILDS", PUBLIC)


def fetch(url):
    address = root + url[len(PUBLIC):] if url.startswith(PUBLIC + "/") else url
    for wait in (1, 4, None):
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read()
        except (urllib.error.URLError, OSError) as error:
            is_final = isinstance(error, urllib.error.HTTPError) and error.code < 500
            if wait is None or is_final:
                sys.exit("julia: %s cannot be had: %s" % (url, error))
            time.sleep(wait)


def numbers(version):
    return tuple(int(part) for part in version.split("."))


def fits(version, release):
    if "exact" in request:
        return version == request["exact"]
    if not release["stable"] or "-" in version:
        return False
    return any(
        numbers(one["from"]) <= numbers(version) and (one["below"] is None or numbers(version) < numbers(one["below"]))
        for one in request["ranges"]
    )


def archive_of(release):
    for one in release["files"]:
        if one["triplet"] == request["triplet"] and one["kind"] == "archive" and one["url"].endswith(".tar.gz"):
            return one
    return None


releases = json.loads(fetch(PUBLIC + "/bin/versions.json"))
found = [(version, archive_of(release)) for version, release in releases.items() if fits(version, release)]
found = [(version, one) for version, one in found if one is not None]
if not found:
    stable = sorted((version for version, one in releases.items() if one["stable"] and "-" not in version), key=numbers)
    sys.exit("julia: no release for %s fits %s; the newest are %s" % (request["triplet"], request["asked"], ", ".join(stable[-5:]) or "none"))
version, one = max(found, key=lambda pair: numbers(pair[0].partition("-")[0]))
print("Julia %s" % version)
content = fetch(one["url"])
if hashlib.sha256(content).hexdigest() != one["sha256"]:
    sys.exit("julia: %s does not have the digest that the list of releases gives" % one["url"])
with open(archive, "wb") as file:
    file.write(content)
os.makedirs(os.path.dirname(version_file), exist_ok=True)
with open(version_file, "w") as file:
    file.write(version + "\n")
`.trimStart();
