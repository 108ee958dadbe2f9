import type { Step } from "@repo2singularity/contracts";
import { imageLayout } from "../scripts/image-layout.ts";
import { createRunStep, createWriteStep, type RunStep, writeFileLines } from "../scripts/run-step.ts";
import { type RChoice, vendorRoot } from "./choose-r.ts";
import { rLayout, rscript } from "./r-layout.ts";
import { snapshotRoot, snapshotUrl } from "./snapshot.ts";

/** The step that installs Posit's build of R into `/opt/R`. */
export function vendorRStep(choice: RChoice & { readonly kind: "vendor" }): RunStep {
  const script = `export DEBIAN_FRONTEND=noninteractive
curl --fail --silent --show-error --location --retry 3 -o /tmp/r.deb "\${R2S_R_BUILDS:-${vendorRoot}}/${choice.archive}"
apt-get -q -y -o APT::Sandbox::User=root update
apt-get -q -y -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -o APT::Install-Recommends=false install /tmp/r.deb
rm /tmp/r.deb
ln -sfn /opt/R/${choice.version}/bin/R /usr/local/bin/R
ln -sfn /opt/R/${choice.version}/bin/Rscript /usr/local/bin/Rscript
`;
  return createRunStep(`Install R ${choice.version}`, script, { network: true });
}

/** The files that R reads at every start: where its packages come from, and the repository's own profile. */
export function rProfileSteps(codename: string, date: string | undefined): Step[] {
  const path = snapshotUrl("", codename, date);
  const site = `# Read by every R of this image.
local({
  root <- Sys.getenv("R2S_CRAN", "${snapshotRoot}")
  agent <- sprintf("R/%s R (%s)", getRversion(), paste(getRversion(), R.version$platform, R.version$arch, R.version$os))
  options(repos = c(CRAN = paste0(root, "${path}")), HTTPUserAgent = agent)
})
`;
  const user = `# R looks for .Rprofile in the working folder, then in the home that was built; never in the user's own home.
local({
  found <- Filter(file.exists, c(".Rprofile", "${imageLayout.home}/.Rprofile"))
  if (length(found) > 0) source(found[[1]])
})
`;
  return [
    createWriteStep("Write R's site profile", rLayout.siteProfile, site),
    createWriteStep("Write R's user profile", rLayout.userProfile, user),
  ];
}

/** The kernel of R's notebooks. Source: IRkernel, `inst/kernelspec/kernel.json` */
export function rKernelStep(): Step {
  const argv = ["R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"];
  const spec = { argv, display_name: "R", language: "R" };
  return createWriteStep("Register the R kernel", rLayout.kernel, `${JSON.stringify(spec, undefined, 1)}\n`);
}

/** A step that runs lines of R with packages going to the image's library; a warning that a package failed is an error. */
export function rStep(title: string, lines: readonly string[], cwd: string = imageLayout.repo): RunStep {
  const script = [
    `mkdir -p ${rLayout.library}`,
    writeFileLines("/tmp/step.R", lines.join("\n")).trimEnd(),
    `${rscript} /tmp/step.R`,
    "",
  ].join("\n");
  return createRunStep(title, script, { network: true, cwd });
}

/** Lines of R that install what of these packages is missing, and fail when one of them cannot be installed. */
export function installPackagesLines(names: readonly string[]): readonly string[] {
  const list = names.map((name) => `"${name}"`).join(", ");
  return [
    `wanted <- c(${list})`,
    "missing <- setdiff(wanted, rownames(installed.packages()))",
    "if (length(missing) > 0) install.packages(missing)",
    "failed <- setdiff(wanted, rownames(installed.packages()))",
    'if (length(failed) > 0) stop("these packages could not be installed: ", paste(failed, collapse = ", "))',
  ];
}

/** Runs the repository's install.R in the repository's folder. */
export function installRStep(path: string): RunStep {
  const script = `mkdir -p ${rLayout.library}\n${rscript} ${imageLayout.repo}/${path}\n`;
  return createRunStep(`Run ${path}`, script, { network: true, cwd: imageLayout.repo });
}
