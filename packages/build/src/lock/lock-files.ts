import type { LockedPackage, PackageLock } from "@repo2singularity/contracts";
import { imageLayout } from "@repo2singularity/recipe";

/**
 * The Python packages of the user's environment as a constraints file. Those from an address of their own are left out:
 * uv takes the version that stands there, and the comparison with the lock tells when that is another one.
 */
export function pythonConstraints({ packages }: PackageLock): string {
  return lines(
    packages
      .filter(({ manager, prefix, source }) => manager === "python" && prefix === imageLayout.environment && !source)
      .map(({ name, version }) => `${name}==${version}`),
  );
}

/**
 * The packages of the distribution as preferences of apt. A version above 1000 goes before a newer one that is installed.
 * Source: apt_preferences(5)
 */
export function aptPreferences({ packages }: PackageLock): string {
  return packages
    .filter(({ manager }) => manager === "apt")
    .map(({ name, version }) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
    .join("\n");
}

/** The conda packages as match specifications, a JSON list. Source: conda, `MatchSpec`: name, version and build */
export function condaSpecifications({ packages }: PackageLock): string {
  const specs = packages.filter(({ manager }) => manager === "conda").map(specificationOf);
  return `${JSON.stringify(specs, undefined, 1)}\n`;
}

function specificationOf({ name, version }: LockedPackage): string {
  const [number = "", build = ""] = version.split("=");
  return `${name} ==${number} ${build}`;
}

/** The R packages of repositories such as CRAN: name, a tab, version. */
export function rVersions({ packages }: PackageLock): string {
  return lines(
    packages
      .filter(({ manager, source }) => manager === "r" && !source)
      .map(({ name, version }) => `${name}\t${version}`),
  );
}

/**
 * A profile of R that makes every list of available packages say what the lock says: another version than the newest one
 * comes from the archive that each mirror of CRAN has beside it. Sources the image's own profile first.
 * Source: R, `?available.packages` (argument `filters`), `?Startup`; CRAN, folder `src/contrib/Archive`
 * @param profile the image's own, absolute path in the image
 * @param versions the file of {@link rVersions}, absolute path in a step
 */
export function rLockProfile(profile: string, versions: string): string {
  return `if (file.exists("${profile}")) source("${profile}")
local({
  fields <- strsplit(readLines("${versions}"), "\\t", fixed = TRUE)
  locked <- vapply(fields, \`[[\`, "", 2L)
  names(locked) <- vapply(fields, \`[[\`, "", 1L)
  as_locked <- function(packages) {
    name <- packages[, "Package"]
    other <- name %in% names(locked) & packages[, "Version"] != locked[name]
    other[is.na(other)] <- FALSE
    packages[other, "Version"] <- locked[name[other]]
    packages[other, "Repository"] <- paste0(packages[other, "Repository"], "/Archive/", name[other])
    if ("File" %in% colnames(packages)) packages[other, "File"] <- NA
    packages
  }
  options(available_packages_filters = list("R_version", "OS_type", "subarch", "duplicates", as_locked))
})
`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
