import type { Decision, Step } from "@repo2singularity/contracts";
import type { DatePin } from "../date/date-pin.ts";
import { readConfigFile } from "../detect/family.ts";
import type { EnvironmentPart, LanguagePartInput } from "../plan/environment-part.ts";
import { ignoredPaths } from "../python/python-plan.ts";
import { cleanStep } from "../scripts/clean.ts";
import { imageLayout } from "../scripts/image-layout.ts";
import { createRunStep, type RunStep, writeFileLines } from "../scripts/run-step.ts";
import { chooseNix, nixBuildsRoot, nixCacheRoot, type NixChoice } from "./nix-layout.ts";
import { nixProgram } from "./nix-program.ts";

/** Files that only count in the root, and not beside a shell of Nix. */
const rootFiles: readonly string[] = ["setup.py", "pyproject.toml"];

/**
 * The shell that a `default.nix` or `flake.nix` describes: its packages in `/nix/store`, its variables in every program.
 * @param file its path in the repository
 */
export function planNixPart(input: LanguagePartInput, file: string): EnvironmentPart {
  const choice = chooseNix(input.base, input.platform);
  const isLate = needsRepository(input, file);
  const copy: Step = { kind: "copy", title: "Copy Nix's file", paths: [file], destination: imageLayout.repo };
  const shell = nixShellStep(file);
  const steps = [
    ...(choice.kind === "vendor"
      ? [vendorNixStep(input.platform === "linux/amd64" ? "x86_64" : "aarch64", choice)]
      : []),
    ...(isLate ? [] : [copy, shell]),
  ];
  return {
    needs: [{ packages: choice.packages, reason: `${file} is read by Nix` }],
    groups: steps.length === 0 ? [] : [{ name: "nix", title: "Nix", steps: [...steps, cleanStep()] }],
    contentSteps: isLate ? [shell, cleanStep()] : [],
    variables: { IN_NIX_SHELL: "impure" },
    pathPrefix: [],
    decisions: [
      ...decisionsOf(file, choice, isLate),
      ...(input.date === undefined ? [] : [undated(input.date)]),
      ...(input.directory === "" ? ignoredPaths(input.tree, rootFiles, `${file} describes the environment`) : []),
    ],
  };
}

/** A flake is read with the folder it lies in, and an expression may name files beside it. */
function needsRepository({ tree }: LanguagePartInput, file: string): boolean {
  if (file.endsWith("flake.nix")) return true;
  const code = (readConfigFile(tree, file)?.text ?? "").replaceAll(/#.*$|\/\*[^]*?\*\//gm, "");
  return /(?<![\w.$}/])\.{1,2}\//.test(code);
}

/** The step that makes the shell, for one user and without a daemon; the step is the sandbox. */
function nixShellStep(file: string): RunStep {
  const settings = [
    "build-users-group =",
    "sandbox = false",
    "filter-syscalls = false",
    "experimental-features = nix-command flakes",
  ];
  const script = [
    "mkdir -p /tmp/nix",
    writeFileLines("/tmp/nix/nix.conf", settings.join("\n")).trimEnd(),
    `echo "substituters = \${R2S_NIX_CACHE:-${nixCacheRoot}}" >>/tmp/nix/nix.conf`,
    writeFileLines("/tmp/r2s-nix.py", nixProgram).trimEnd(),
    "export NIX_CONF_DIR=/tmp/nix NIX_BUILD_SHELL=/bin/bash",
    `${imageLayout.server}/bin/python -I /tmp/r2s-nix.py ./${file}`,
    // Its database knows when each package came; nothing reads it in an image, whose store does not change.
    `rm -rf /nix/var ${imageLayout.home}/.cache/nix /tmp/nix`,
    "",
  ].join("\n");
  return createRunStep(`Make the shell of ${file}`, script, { network: true, cwd: imageLayout.repo });
}

/** The step that installs the makers' build into the store, as their installer does for a single user. */
function vendorNixStep(processor: string, choice: NixChoice & { readonly kind: "vendor" }): RunStep {
  const name = `nix-${choice.version}-${processor}-linux`;
  const script = `curl --fail --silent --show-error --location --retry 3 -o /tmp/nix.tar.xz "\${R2S_NIX_BUILDS:-${nixBuildsRoot}}/nix/nix-${choice.version}/${name}.tar.xz"
echo "${choice.sha256}  /tmp/nix.tar.xz" | sha256sum -c -
tar -xJf /tmp/nix.tar.xz -C /tmp
mkdir -p /nix/store
cp -R /tmp/${name}/store/* /nix/store/
nix=$(echo /nix/store/*-nix-${choice.version})
"$nix/bin/nix-store" --load-db </tmp/${name}/.reginfo
ln -sf "$nix"/bin/* /usr/local/bin/
rm -rf /tmp/nix.tar.xz /tmp/${name}
`;
  return createRunStep("Install Nix", script, { network: true });
}

function undated({ day }: DatePin): Decision {
  const reason = `no server says what a channel was on ${day}; a flake.lock or an address of nixpkgs with its revision pins them, and so does the lock of an image`;
  return { subject: "Nix and its packages", outcome: "ignored", reason };
}

function decisionsOf(file: string, choice: NixChoice, isLate: boolean): Decision[] {
  const place = isLate
    ? "after the repository was copied, because it points into it"
    : "before the repository is copied";
  return [
    { subject: file, outcome: "used", reason: `its shell is made ${place}` },
    { subject: "Nix", outcome: "chosen", reason: choice.origin },
  ];
}
