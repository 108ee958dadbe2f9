import type { Decision, Step } from "@repo2singularity/contracts";
import type { DatePin } from "../date/date-pin.ts";
import type { ConfigFile } from "../detect/config-file.ts";
import type { EnvironmentPart, LanguagePartInput } from "../plan/environment-part.ts";
import { finishSteps } from "../plan/finish-steps.ts";
import { cleanStep } from "../scripts/clean.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { chooseR, type RChoice } from "./choose-r.ts";
import { type RFiles, readRFiles } from "./read-r-files.ts";
import { rVariables } from "./r-layout.ts";
import { installPackagesLines, installRStep, rKernelStep, rProfileSteps, rStep, vendorRStep } from "./r-scripts.ts";
import { settleLibraryStep } from "./settle-library.ts";
import { shinySteps } from "./shiny.ts";

/**
 * R with its notebook kernel, and the packages that the repository asks for.
 * @throws E_RECIPE_R_UNSUPPORTED, E_RECIPE_FILE_INVALID, E_RECIPE_BASE_UNFIT
 */
export function planRPart(input: LanguagePartInput): EnvironmentPart {
  const files = withDate(readRFiles(input.tree, input.directory), input.date);
  const choice = chooseR(input.base, input.platform, files.request);
  const isEarly = files.installR !== undefined && !needsRepository(files.installR);
  const early = earlySteps(files, isEarly);
  const content = contentSteps(files, isEarly);
  return {
    needs: [{ packages: systemPackages(choice, files), reason: "R and what its packages are built with" }],
    groups: [
      {
        name: "r",
        title: "R",
        steps: [
          ...(choice.kind === "vendor" ? [vendorRStep(choice)] : []),
          ...rProfileSteps(input.base.codename, files.date),
          ...toolSteps(choice, files),
          rKernelStep(),
          ...early,
          settleLibraryStep(),
          ...(files.shinyApp === undefined ? [cleanStep()] : [...shinySteps(), ...finishSteps()]),
        ],
      },
    ],
    contentSteps: content.length === 0 ? [] : [...content, settleLibraryStep(), cleanStep()],
    variables: rVariables,
    pathPrefix: [],
    decisions: decisionsOf(files, choice, isEarly),
  };
}

function withDate(files: RFiles, date: DatePin | undefined): RFiles {
  if (date === undefined || (files.date !== undefined && date.from !== "--date")) return files;
  return { ...files, date: date.day };
}

/** Compilers are for packages that come as source, which is all of them where no binaries are had. */
function systemPackages(choice: RChoice, files: RFiles): readonly string[] {
  const tools = ["build-essential", "gfortran", "libcurl4-openssl-dev", "libssl-dev", "libxml2-dev", "libzmq3-dev"];
  if (choice.kind === "vendor") return tools;
  const installs = files.installR !== undefined || files.description !== undefined || files.renvLock !== undefined;
  return [
    "r-base-core",
    "r-recommended",
    "r-cran-irkernel",
    ...(files.shinyApp === undefined ? [] : ["r-cran-shiny"]),
    ...(installs ? ["r-base-dev", "r-cran-remotes", ...tools] : []),
  ];
}

/** The packages that the build itself uses, where the distribution does not bring them. */
function toolSteps(choice: RChoice, files: RFiles): Step[] {
  const names = [
    ...(choice.kind === "vendor" ? ["IRkernel", "remotes", ...(files.shinyApp === undefined ? [] : ["shiny"])] : []),
    ...(files.renvLock === undefined ? [] : ["renv"]),
  ];
  return names.length === 0 ? [] : [rStep(`Install ${names.join(" and ")}`, installPackagesLines(names), "/")];
}

function earlySteps(files: RFiles, isEarly: boolean): Step[] {
  const { renvLock, description, installR } = files;
  const paths = [renvLock, description, isEarly ? installR?.path : undefined].filter((path) => path !== undefined);
  if (paths.length === 0) return [];
  const copy: Step = { kind: "copy", title: "Copy R's files", paths, destination: imageLayout.repo };
  return [
    copy,
    ...(renvLock === undefined ? [] : [renvStep(renvLock)]),
    ...(description === undefined ? [] : [dependenciesStep()]),
    ...(isEarly && installR !== undefined ? [installRStep(installR.path)] : []),
  ];
}

function contentSteps(files: RFiles, isEarly: boolean): Step[] {
  const { description, installR } = files;
  return [
    ...(installR === undefined || isEarly ? [] : [installRStep(installR.path)]),
    ...(description === undefined ? [] : [installRepositoryStep()]),
  ];
}

function renvStep(path: string): Step {
  return rStep(`Restore the packages of ${path}`, [
    'Sys.setenv(RENV_PATHS_ROOT = "/tmp/renv")', // what it downloads is no part of the image
    "options(renv.consent = TRUE, renv.config.cache.enabled = FALSE)",
    `file <- "${imageLayout.repo}/${path}"`,
    // what the author calls CRAN is one of its mirrors: the image has its own, with binaries, and the whole archive
    "recorded <- unlist(renv::lockfile_read(file)$R$Repositories)",
    'repos <- c(getOption("repos"), recorded[setdiff(names(recorded), names(getOption("repos")))])',
    'renv::restore(lockfile = file, library = Sys.getenv("R_LIBS_USER"), repos = repos, prompt = FALSE)',
  ]);
}

function dependenciesStep(): Step {
  return rStep("Install the packages of DESCRIPTION", [
    `remotes::install_deps("${imageLayout.repo}", upgrade = "never")`,
  ]);
}

function installRepositoryStep(): Step {
  return rStep("Install the repository as an R package", [
    `remotes::install_local("${imageLayout.repo}", upgrade = "never", force = TRUE)`,
  ]);
}

/** Whether the script looks for other files of the repository, so that it has to wait for them. */
function needsRepository({ text }: ConfigFile): boolean {
  const code = text.replaceAll(/#.*$/gm, "");
  return /\bsource\s*\(\s*["'](?!https?:)|\binstall_local\b|\bload_all\b|\breadLines\b|\bread[._]\w+\s*\(\s*["'](?!https?:)|["']\.{1,2}["'/]|\bhere::|\brepos\s*=\s*NULL/.test(
    code,
  );
}

function decisionsOf(files: RFiles, choice: RChoice, isEarly: boolean): Decision[] {
  const { request, runtime, description, renvLock, installR, shinyApp, date } = files;
  const used = (subject: string, reason: string): Decision => ({ subject, outcome: "used", reason });
  const why = request === undefined ? "nothing asks for a version" : `${request.from} asks for ${request.version}`;
  const snapshot = date === undefined ? "the newest packages of CRAN; name a day in runtime.txt to pin them" : date;
  return [
    ...(runtime === undefined ? [] : [used(runtime, "it chooses R")]),
    ...(renvLock === undefined ? [] : [used(renvLock, "its packages are restored before the repository is copied")]),
    ...(description === undefined ? [] : [used(description, "the repository is installed as an R package")]),
    ...(installR === undefined
      ? []
      : [
          used(
            installR.path,
            isEarly
              ? "it runs before the repository is copied"
              : "it runs after the repository was copied, because it reads files of it",
          ),
        ]),
    ...(shinyApp === undefined ? [] : [used(shinyApp, "it is a Shiny app: the server has it at /shiny/")]),
    { subject: `R ${choice.version}`, outcome: "chosen", reason: `${why}; ${choice.origin}` },
    { subject: "CRAN snapshot", outcome: "chosen", reason: snapshot },
  ];
}
