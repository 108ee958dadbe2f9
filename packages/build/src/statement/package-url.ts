import type { LockedPackage } from "@repo2singularity/contracts";

/** What tells distributions apart in package URLs. */
export interface PackageUrlContext {
  /** `ID` of os-release, such as `debian`. */
  readonly distribution: string;
}

/**
 * The package URL of a package, by which scanners and other tools know it.
 * Source: github.com/package-url/purl-spec, types `deb`, `pypi`, `conda`, `cran`, `generic`
 */
export function packageUrl({ manager, name, version }: LockedPackage, { distribution }: PackageUrlContext): string {
  const word = encodeURIComponent;
  switch (manager) {
    case "apt":
      return `pkg:deb/${word(distribution)}/${word(name)}@${word(version)}`;
    case "python":
      return `pkg:pypi/${word(name)}@${word(version)}`;
    case "conda": {
      const [number = "", build] = version.split("=");
      return `pkg:conda/${word(name)}@${word(number)}${build === undefined ? "" : `?build=${word(build)}`}`;
    }
    case "julia": // its own type asks for the package's UUID
    case "nix":
      return `pkg:generic/${word(name)}@${word(version)}`;
    case "r":
      return `pkg:cran/${word(name)}@${word(version)}`;
  }
}
