import type { Decision, Step } from "@repo2singularity/contracts";
import type { DatePin } from "../date/date-pin.ts";
import type { EnvironmentPart, LanguagePartInput } from "../plan/environment-part.ts";
import { cleanStep } from "../scripts/clean.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { juliaLayout, juliaVariables } from "./julia-layout.ts";
import { installJuliaStep, juliaKernelStep, juliaPackagesStep } from "./julia-scripts.ts";
import { type JuliaFiles, readJuliaFiles } from "./read-julia-files.ts";

/**
 * Julia with its notebook kernel, and the packages of the repository's project.
 * @throws E_RECIPE_FILE_INVALID, E_RECIPE_JULIA_UNSUPPORTED
 */
export function planJuliaPart(input: LanguagePartInput): EnvironmentPart {
  const { tree, directory, platform } = input;
  const files = readJuliaFiles(tree, directory);
  const copy: Step = {
    kind: "copy",
    title: "Copy Julia's files",
    paths: [...files.paths],
    destination: imageLayout.repo,
  };
  const install = juliaPackagesStep(platform, files.paths[0]);
  return {
    needs: [],
    groups: [
      {
        name: "julia",
        title: "Julia",
        steps: [
          installJuliaStep(platform, files.request),
          juliaKernelStep(platform),
          ...(files.needsRepository ? [] : [copy, install]),
          cleanStep(),
        ],
      },
    ],
    contentSteps: files.needsRepository ? [install, cleanStep()] : [],
    variables: juliaVariables(directory),
    pathPrefix: [`${juliaLayout.program}/bin`],
    decisions: decisionsOf(files, input.date),
  };
}

function undated({ day }: DatePin): Decision {
  const reason = `no server has them as they were on ${day}; a Manifest.toml in the repository pins them, and so does the lock of an image`;
  return { subject: "Julia and its packages", outcome: "ignored", reason };
}

function decisionsOf(files: JuliaFiles, date: DatePin | undefined): Decision[] {
  const { request, hasManifest, needsRepository } = files;
  const [project, ...others] = files.paths;
  const place = needsRepository
    ? "after the repository was copied, because they point into it"
    : "before the repository is copied";
  const packages = hasManifest ? "its packages are installed as the manifest has them" : "its packages are installed";
  return [
    { subject: project, outcome: "used", reason: `${packages}, ${place}` },
    ...others.map((subject): Decision => ({ subject, outcome: "used", reason: `it belongs to ${project}` })),
    "exact" in request
      ? { subject: `Julia ${request.exact}`, outcome: "chosen", reason: request.asked }
      : { subject: "Julia", outcome: "chosen", reason: `${request.asked}; the newest release that fits is taken` },
    ...(date === undefined || hasManifest ? [] : [undated(date)]),
  ];
}
