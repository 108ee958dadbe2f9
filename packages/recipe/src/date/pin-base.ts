import { AppError } from "@repo2singularity/base";
import type { BaseFacts } from "@repo2singularity/contracts";
import { findRelease, stableRelease } from "../base/distributions.ts";
import { firstUbuntuDay, hasSnapshots } from "./apt-snapshot.ts";
import type { DatePin } from "./date-pin.ts";

/**
 * The base that a date pin makes of a reference: `auto` becomes the Debian that was stable on the day, and a release that
 * is bootstrapped is so from that day's archive. All others are what they are, whatever the day.
 * @throws E_RECIPE_BASE_UNFIT when no release is known that was stable on the day
 */
export function pinBase(reference: string, { day, from }: DatePin): string {
  if (reference === "auto") {
    const release = stableRelease(day);
    if (release !== undefined) return `debootstrap:${release.codename}@${day}`;
    throw new AppError("E_RECIPE_BASE_UNFIT", `${from} asks for ${day}, and no base is known that is as old`, {
      hint: "name a base with --base, such as docker://debian:buster",
    });
  }
  return /^debootstrap:[^@]+$/.test(reference) ? `${reference}@${day}` : reference;
}

/**
 * Checks that a base was there on the day: packages of a release that was still in the making fit nothing.
 * @throws E_RECIPE_BASE_UNFIT
 */
export function checkBaseDay(base: BaseFacts, { day, from }: DatePin): void {
  if (!hasSnapshots(base)) return;
  const release = findRelease(undefined, base.codename);
  if (release !== undefined && day < release.releasedOn) {
    const older = stableRelease(day)?.codename;
    throw new AppError(
      "E_RECIPE_BASE_UNFIT",
      `${from} asks for packages of ${day}, and ${base.codename} of the base ${base.reference} was released on ${release.releasedOn}`,
      {
        hint:
          older === undefined
            ? `ask for a day from ${release.releasedOn} on`
            : `choose an older base, such as --base debootstrap:${older}, or a day from ${release.releasedOn} on`,
      },
    );
  }
  if (base.distribution === "ubuntu" && day < firstUbuntuDay) {
    throw new AppError(
      "E_RECIPE_BASE_UNFIT",
      `${from} asks for ${day}, and Ubuntu's snapshots start at ${firstUbuntuDay}`,
      {
        hint: `ask for a later day, or choose a Debian base`,
      },
    );
  }
}
