import type { BaseFacts, Recipe } from "@repo2singularity/contracts";

/** Where a Nix comes from. */
export type NixChoice = {
  /** For people. */
  readonly origin: string;
  /** What is installed by apt. */
  readonly packages: readonly string[];
} & (
  | { readonly kind: "distribution" }
  | { readonly kind: "vendor"; readonly version: string; readonly sha256: string }
);

/** Distributions whose own Nix knows flakes. Source: packages.debian.org and packages.ubuntu.com, `nix-bin` */
const packagedNix: Readonly<Record<string, string>> = {
  bookworm: "2.8.0",
  trixie: "2.26.3",
  jammy: "2.6.0",
  noble: "2.18.1",
};

/** The makers' build that repo2docker takes, with the digests of its archives. Source: repo2docker, `install-nix.bash` */
const vendorVersion = "2.13.2";
const vendorDigests: Readonly<Record<Recipe["platform"], string>> = {
  "linux/amd64": "beaec0f28899c22f33adbe30e4ecfceef87b797278c5210ee693e22e9719dfb4",
  "linux/arm64": "4ae275a46a2441d3459ae389a90ce6e8f7eff12c2a084b2d003ba6f8d0899603",
};

/** Root of the makers' builds. */
export const nixBuildsRoot = "https://releases.nixos.org";

/** Root of the channels: `import <nixpkgs>` gets the packages of the channel `nixpkgs-unstable`. */
export const nixChannelsRoot = "https://nixos.org/channels";

/** Where built packages are taken from. */
export const nixCacheRoot = "https://cache.nixos.org";

/** Finds a Nix: the distribution's own, else the makers' build. */
export function chooseNix(base: BaseFacts, platform: Recipe["platform"]): NixChoice {
  const packaged = base.packageManager === "apt" ? packagedNix[base.codename] : undefined;
  if (packaged !== undefined) {
    const origin = `${base.codename} has Nix ${packaged} as package nix-bin`;
    return { kind: "distribution", packages: ["nix-bin"], origin };
  }
  return {
    kind: "vendor",
    packages: ["xz-utils"],
    version: vendorVersion,
    sha256: vendorDigests[platform],
    origin: `Nix ${vendorVersion} of its makers`,
  };
}
