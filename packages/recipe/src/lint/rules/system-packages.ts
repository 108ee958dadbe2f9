import { configPath } from "../../detect/config-directory.ts";
import type { RuleFinding } from "../finding.ts";
import { lineOf, type LintInput } from "../lint-input.ts";

/** Packages that apt does not know; without an index that is said. */
export function unknownAptPackages({ apt, tree, directory }: LintInput): RuleFinding[] {
  if (apt === undefined) return [];
  const path = configPath(directory, "apt.txt");
  const text = tree.readText(path);
  const place = text === undefined ? {} : { path };
  if (apt.kind === "unchecked") {
    const hint = "lint on a machine of the base's own release with apt's lists, or build";
    return [
      { ...place, severity: "note", message: `packages of the distribution were not checked: ${apt.reason}`, hint },
    ];
  }
  return apt.unknown.map((name) => {
    const escaped = name.replaceAll(/[.+]/g, String.raw`\$&`);
    const line = text === undefined ? undefined : lineOf(text, new RegExp(String.raw`(?:^|\s)${escaped}(?:[:=/\s]|$)`));
    return {
      ...(line === undefined ? {} : { path, line }),
      message: `${name} is no package of ${apt.origin}`,
      hint: `look for its name in that release with: apt-cache search ${name}`,
    };
  });
}

/** Images whose name means something else from week to week. */
export function unpinnedImages({ images }: LintInput): RuleFinding[] {
  return images
    .filter((image) => image.startsWith("docker://") && !image.includes("@sha256:"))
    .filter((image) => image.endsWith(":latest") || !/:[^/]+$/.test(image.replace("docker://", "")))
    .map((image) => ({
      message: `the base ${image} names no version`,
      hint: "name a tag or a digest, such as debian:trixie-20251117-slim",
    }));
}
