import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The release that {@link makeJuliaRelease} makes. */
export const debianJuliaVersion = "1.5.3";

/**
 * Julia as Debian 11 has it, the last Debian with one, and those of its libraries that later releases lack.
 * The real Julia, 62 MB to download: Julia's own servers are not reached by tests.
 */
const packages = [
  "d/dsfmt/libdsfmt-19937-1_2.2.3+dfsg-5_amd64.deb",
  "g/gcc-10/libgfortran5_10.2.1-6_amd64.deb",
  "g/gcc-10/libquadmath0_10.2.1-6_amd64.deb",
  "h/http-parser/libhttp-parser2.9_2.9.4-4+deb11u1_amd64.deb",
  "j/julia/julia_1.5.3+dfsg-3_amd64.deb",
  "j/julia/julia-common_1.5.3+dfsg-3_all.deb",
  "j/julia/libjulia1_1.5.3+dfsg-3_amd64.deb",
  "libb/libbsd/libbsd0_0.11.3-1+deb11u1_amd64.deb",
  "libe/libedit/libedit2_3.1-20191231-2+b1_amd64.deb",
  "libf/libffi/libffi7_3.3-6_amd64.deb",
  "libg/libgcrypt20/libgcrypt20_1.8.7-6_amd64.deb",
  "libg/libgit2/libgit2-1.1_1.1.0+dfsg.1-4+deb11u2_amd64.deb",
  "libm/libmd/libmd0_1.0.3-3_amd64.deb",
  "libs/libssh2/libssh2-1_1.9.0-2+deb11u1_amd64.deb",
  "libu/libunwind/libunwind8_1.3.2-2_amd64.deb",
  "l/llvm-toolchain-9/libllvm9_9.0.1-16.1_amd64.deb",
  "m/mbedtls/libmbedcrypto3_2.16.9-0.1_amd64.deb",
  "m/mbedtls/libmbedtls12_2.16.9-0.1_amd64.deb",
  "m/mbedtls/libmbedx509-0_2.16.9-0.1_amd64.deb",
  "m/mpfr4/libmpfr6_4.1.0-3_amd64.deb",
  "o/openlibm/libopenlibm3_0.7.0+dfsg-2_amd64.deb",
  "p/pcre2/libpcre2-8-0_10.36-2+deb11u1_amd64.deb",
  "p/pcre3/libpcre3_8.39-13_amd64.deb",
  "u/utf8proc/libutf8proc2_2.5.0-1_amd64.deb",
  "z/z3/libz3-4_4.8.10-1_amd64.deb",
];

const poolOf = (archive: string): string => `${archive.replace(/\/+$/, "")}/pool/main`;

/** Whether an archive of Debian still has that Julia. @param archive its root, as in apt's sources */
export function hasDebianJulia(archive: string): boolean {
  const url = `${poolOf(archive)}/j/julia/julia_1.5.3+dfsg-3_amd64.deb`;
  return spawnSync("curl", ["--fail", "--silent", "--head", "--location", "--max-time", "20", url]).status === 0;
}

/**
 * Makes a release as Julia's own builds are: an archive with one folder that holds `bin/julia`.
 * @returns the archive, about 110 MB
 */
export function makeJuliaRelease(scratch: string, archive: string): string {
  const [downloads, tree] = [path.join(scratch, "debs"), path.join(scratch, "debian")];
  mkdirSync(downloads, { recursive: true });
  const urls = packages.map((name) => `${poolOf(archive)}/${name}`);
  const flags = ["--fail", "--silent", "--show-error", "--location", "--remote-name-all"];
  execFileSync("curl", [...flags, ...urls], { cwd: downloads });
  for (const name of readdirSync(downloads)) execFileSync("dpkg", ["-x", path.join(downloads, name), tree]);
  const release = path.join(scratch, `julia-${debianJuliaVersion}`);
  mkdirSync(path.join(release, "bin"), { recursive: true });
  const own = path.join(release, "libexec");
  renameSync(path.join(tree, "usr"), own);
  for (const name of ["share/doc", "share/julia/test"]) rmSync(path.join(own, name), { recursive: true, force: true });
  const libraries = path.join(own, "lib/x86_64-linux-gnu");
  cpSync(path.join(tree, "lib/x86_64-linux-gnu"), libraries, { recursive: true, verbatimSymlinks: true });
  const wrapper = path.join(release, "bin/julia");
  writeFileSync(
    wrapper,
    `#!/bin/sh
own=$(dirname "$(readlink -f "$0")")/../libexec
LD_LIBRARY_PATH=$own/lib/x86_64-linux-gnu; export LD_LIBRARY_PATH
exec "$own/bin/julia" "$@"
`,
  );
  chmodSync(wrapper, 0o755);
  const file = `${release}.tar.gz`;
  execFileSync("tar", ["-I", "gzip -1", "-cf", file, path.basename(release)], { cwd: scratch });
  return file;
}

/** The list of releases: the real one, and others that do not fit. Source: `versions.json` of Julia's builds */
export function juliaVersions(archive: string, sha256: string): object {
  const entry = (version: string, triplet = "x86_64-linux-gnu"): object => ({
    url: juliaArchiveUrl(version),
    triplet,
    kind: "archive",
    arch: "x86_64",
    os: "linux",
    extension: "tar.gz",
    version,
    sha256,
    size: readFileSync(archive).length,
  });
  return {
    "1.4.2": { stable: true, files: [entry("1.4.2")] },
    [debianJuliaVersion]: { stable: true, files: [entry(debianJuliaVersion)] },
    "1.6.0-rc1": { stable: false, files: [entry("1.6.0-rc1")] },
    "1.7.0": { stable: true, files: [entry("1.7.0", "x86_64-apple-darwin14")] },
    "2.0.0": { stable: true, files: [entry("2.0.0")] },
  };
}

/** Where Julia's own builds lie. */
export function juliaArchiveUrl(version: string): string {
  const line = version.split(".").slice(0, 2).join(".");
  return `https://julialang-s3.julialang.org/bin/linux/x64/${line}/julia-${version}-linux-x86_64.tar.gz`;
}
