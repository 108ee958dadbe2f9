import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { exampleRepository, giveTo } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { leastUser } from "./support/users.ts";

const user = leastUser();

const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

/** A flake without inputs, so that it needs no network. Its builder must be a bash, which writes the shell down. */
const flake = `{
  outputs = { self }: {
    devShells.${system}.default = builtins.derivation {
      name = "shell";
      system = "${system}";
      builder = "/bin/bash";
      outputs = [ "out" ];
      HARBOUR = builtins.readFile ./harbour.txt;
      shellHook = "export TIDES=$HARBOUR-tides";
    };
  };
}
`;

describe("built with a real Nix", () => {
  test("the shell of a default.nix is there in every program, and Nix is not asked at run time", async () => {
    const built = await repo2singularity(user, [exampleRepository(user, "nix")]);
    expect(built.status, built.stderr).toBe(0);

    const image = path.join(user.home, "nix.sif");
    const verified = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);
    const left = await runAs(user, "apptainer", ["exec", "--userns", image, "sh", "-c", "ls /nix; env"]);

    expect(verified, verified.stderr).toMatchObject({ status: 0, stdout: "nix: ok\n" });
    expect(left.stdout).toMatch(/^store\n/);
    expect(left.stdout).not.toMatch(/^(?:NIX_BUILD_TOP|TMPDIR|stdenv|shellHook)=/m);
  });

  test("a flake reads the files beside it", async () => {
    const folder = path.join(mkdtempSync(path.join(user.home, "flake-")), "flake");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "flake.nix"), flake);
    writeFileSync(path.join(folder, "harbour.txt"), "Brest");
    giveTo(user, path.dirname(folder));
    const built = await repo2singularity(user, [folder]);
    expect(built.status, built.stderr).toBe(0);

    const image = path.join(user.home, "flake.sif");
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "sh", "-c", 'echo "$HARBOUR $TIDES"']);

    expect(ran).toMatchObject({ status: 0, stdout: "Brest Brest-tides\n" });
  });
});
