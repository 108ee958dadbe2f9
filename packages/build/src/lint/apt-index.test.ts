import { AppError, type ProcessRunner } from "@repo2singularity/base";
import { expect, test } from "vitest";
import { askAptIndex, namesOfShowpkg } from "./apt-index.ts";

/** Output of `apt-cache showpkg apt tree awk gone own` of apt 2.6, shortened. */
const shown = `Package: apt
Versions: 
2.6.1 (/var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages) (/var/lib/dpkg/status)
 Description Language: 
                 File: /var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages
                  MD5: 9fb97a88cb7383934ef963352b53b4a7


Reverse Depends: 
  tasksel,apt
Dependencies: 
2.6.1 - adduser (0 (null)) 
Provides: 
2.6.1 - apt-transport-https (= 2.6.1) 
Reverse Provides: 
Package: awk
Versions: 

Reverse Depends: 
  base-files,awk
Dependencies: 
Provides: 
Reverse Provides: 
mawk 1.3.4.20200120-3.1 (= )
Package: gone
Versions: 

Reverse Depends: 
  other,gone
Dependencies: 
Provides: 
Reverse Provides: 
Package: newer
Versions: 
2.0 (/var/lib/apt/lists/deb.debian.org_debian_dists_sid_main_binary-amd64_Packages)
 Description Language: 
                 File: /var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_i18n_Translation-en

Reverse Depends: 
Dependencies: 
Provides: 
Reverse Provides: 
Package: own
Versions: 
1.0 (/var/lib/dpkg/status)

Reverse Depends: 
Dependencies: 
1.0 - 
Provides: 
Reverse Provides: 
`;

function answering(stdout: string): { readonly runner: ProcessRunner; readonly asked: string[][] } {
  const asked: string[][] = [];
  const runner: ProcessRunner = (_command, args) => {
    asked.push([...(args ?? [])]);
    return Promise.resolve({ stdout, stderr: "", exitCode: 0 });
  };
  return { runner, asked };
}

const machine = { env: { PATH: "/usr/bin" }, codename: "bookworm" };

test("a package counts when an archive has it or another provides it, not when it is only named or installed", () => {
  expect([...namesOfShowpkg(shown, "bookworm")]).toEqual(["apt", "awk"]);
});

test("what apt does not know is told, whatever version is asked for", async () => {
  const { runner, asked } = answering(shown);

  expect(await askAptIndex(["awk:amd64", "gone=1.2", "gone/sid"], "bookworm", { ...machine, runner })).toEqual({
    kind: "checked",
    unknown: ["gone"],
    origin: "bookworm",
  });
  expect(asked).toEqual([["showpkg", "apt", "awk", "gone"]]);
});

test("nothing is said where there are no lists, no apt, or those of another release", async () => {
  const missing: ProcessRunner = () =>
    Promise.reject(new AppError("E_PROCESS_NOT_FOUND", "apt-cache is not installed"));

  const answers = await Promise.all([
    askAptIndex(["tree"], "bookworm", { ...machine, runner: answering("").runner }),
    askAptIndex(["tree"], "bookworm", { ...machine, runner: missing }),
    askAptIndex(["tree"], "trixie", { ...machine, runner: missing }),
    askAptIndex(["tree"], "trixie", { ...machine, codename: "", runner: missing }),
  ]);

  expect(answers.map((answer) => (answer.kind === "unchecked" ? answer.reason : ""))).toEqual([
    expect.stringContaining("no lists"),
    "apt-cache gave no answer (apt-cache is not installed)",
    "the base is trixie, and this machine is bookworm",
    "the base is trixie, and this machine has no apt",
  ]);
});
