import { AppError } from "@repo2singularity/base";
import type { BaseFacts, Recipe } from "@repo2singularity/contracts";

/** The R that is asked for, and who asks. */
export interface RRequest {
  /** `4`, `4.4` or `4.4.2`. */
  readonly version: string;
  /** Who asks: `runtime.txt`, `renv.lock`. */
  readonly from: string;
}

/** The R of an image. */
export type RChoice = {
  /** As exact as it is known before the build. */
  readonly version: string;
  /** Where it comes from, for people. */
  readonly origin: string;
} & ({ readonly kind: "distribution" } | { readonly kind: "vendor"; readonly archive: string });

/** R of the distributions' own archives. Source: packages.debian.org and packages.ubuntu.com, `r-base-core`. */
const packagedR: Readonly<Record<string, string>> = {
  bullseye: "4.0.4",
  bookworm: "4.2.2",
  trixie: "4.5.0",
  focal: "3.6.3",
  jammy: "4.1.2",
  noble: "4.3.3",
};

/** The newest release of each line; a full version is taken as it is. Source: cran.r-project.org/src/base */
const newestOfLine: Readonly<Record<string, string>> = {
  "4.5": "4.5.1",
  "4.4": "4.4.3",
  "4.3": "4.3.3",
  "4.2": "4.2.3",
  "4.1": "4.1.3",
  "4.0": "4.0.5",
  "3.6": "3.6.3",
};

/** How Posit names the distributions it builds R for. Source: docs.posit.co/resources/install-r.html */
const vendorNames: Readonly<Record<string, string>> = {
  bookworm: "debian-12",
  trixie: "debian-13",
  focal: "ubuntu-2004",
  jammy: "ubuntu-2204",
  noble: "ubuntu-2404",
};

/** Root of Posit's builds of R. */
export const vendorRoot = "https://cdn.posit.co/r";

/**
 * Finds an R: the distribution's own packages when they are of the line that is asked for, else Posit's build for the
 * distribution.
 * @param request what is asked for; `undefined` takes the distribution's
 * @throws E_RECIPE_R_UNSUPPORTED listing what was tried, E_RECIPE_BASE_UNFIT when the base has no apt
 */
export function chooseR(base: BaseFacts, platform: Recipe["platform"], request?: RRequest): RChoice {
  if (base.packageManager !== "apt") {
    throw new AppError("E_RECIPE_BASE_UNFIT", `R needs apt-get, and ${base.reference} has none`, {
      hint: "choose a Debian or Ubuntu base, for example --base debootstrap:trixie",
    });
  }
  const packaged = packagedR[base.codename];
  if (packaged !== undefined && isOfLine(packaged, request?.version)) {
    return { kind: "distribution", version: packaged, origin: `${base.codename} has it as package r-base-core` };
  }
  const full = request === undefined ? undefined : fullVersion(request.version);
  const vendor = vendorNames[base.codename];
  if (full !== undefined && vendor !== undefined) {
    const architecture = platform === "linux/amd64" ? "amd64" : "arm64";
    const archive = `${vendor}/pkgs/r-${full}_1_${architecture}.deb`;
    return { kind: "vendor", version: full, archive, origin: `Posit's build for ${vendor}` };
  }
  throw unsupported(base, packaged, request);
}

function unsupported(base: BaseFacts, packaged: string | undefined, request: RRequest | undefined): AppError {
  const asked = request === undefined ? "R is asked for" : `${request.from} asks for R ${request.version}`;
  const tried = [
    `${base.codename}'s own package (${packaged ?? "unknown"})`,
    `Posit's builds (${base.codename in vendorNames ? Object.keys(newestOfLine).join(", ") : `none for ${base.codename}`})`,
  ];
  return new AppError("E_RECIPE_R_UNSUPPORTED", `${asked}, which cannot be had. Tried: ${tried.join("; ")}`, {
    hint: "ask for a version of this list in runtime.txt, for example r-4.4-2025-01-31, or choose another base",
  });
}

/** @returns the release to install, `undefined` for a line that nobody builds */
function fullVersion(asked: string): string | undefined {
  if (/^\d+\.\d+\.\d+$/.test(asked)) return asked;
  const lines = Object.keys(newestOfLine).filter((line) => isOfLine(line, asked));
  return lines[0] === undefined ? undefined : newestOfLine[lines[0]];
}

function isOfLine(version: string, asked: string | undefined): boolean {
  return asked === undefined || version === asked || version.startsWith(`${asked}.`);
}
