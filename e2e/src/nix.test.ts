import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleRepository } from "./support/clones.ts";
import { type NixChannel, serveNixChannel } from "./support/nix-channel.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { scratchFolder } from "./support/run-folder.ts";
import { smallRepository } from "./support/small-repository.ts";
import { setMirrors } from "./support/user-config.ts";
import { leastUser } from "./support/users.ts";

const user = leastUser();

const system = process.arch === "arm64" ? "aarch64-linux" : "x86_64-linux";

/** A flake with one input. Its builder must be a bash, which writes the shell down. */
const flakeWith = (input: string): string => `{
  inputs.harbours = { url = "${input}"; flake = false; };
  outputs = { self, harbours }: {
    devShells.${system}.default = builtins.derivation {
      name = "shell";
      system = "${system}";
      builder = "/bin/bash";
      outputs = [ "out" ];
      HARBOUR = builtins.readFile ./harbour.txt;
      RELEASE = builtins.readFile "\${harbours}/.git-revision";
      shellHook = "export TIDES=$HARBOUR-tides";
    };
  };
}
`;

/** An image's lock, as far as these tests look at it. */
interface Lock {
  readonly packages: readonly { readonly manager: string; readonly name: string; readonly version: string }[];
}

async function nixPackages(image: string): Promise<Lock["packages"]> {
  const inspected = await repo2singularity(user, ["inspect", "--lock", image]);
  const { packages } = JSON.parse(inspected.stdout) as Lock; // as the program prints it
  return packages.filter(({ manager }) => manager === "nix");
}

async function textIn(image: string, script: string): Promise<string> {
  const ran = await runAs(user, "apptainer", ["exec", "--userns", path.join(user.home, image), "sh", "-c", script]);
  expect(ran.status, ran.stderr).toBe(0);
  return ran.stdout;
}

describe("built with a real Nix", () => {
  let channel: NixChannel;

  beforeAll(async () => {
    channel = await serveNixChannel(scratchFolder("nix-channel"));
    setMirrors(user, { nixChannels: `${channel.url}/channels`, nixBuilds: `${channel.url}/releases` });
  });

  afterAll(() => channel?.[Symbol.asyncDispose]());

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

  test("the packages of a channel and the inputs of a flake are those of the lock, or none", async () => {
    const shell = readFileSync(path.join(user.clone, "examples/nix/default.nix"), "utf8");
    const release = (name: string): void => channel.publish(name, shell.replace("it's metres", name));
    const expression = smallRepository(user, "channel", { "default.nix": "import <nixpkgs>\n" });
    const flake = smallRepository(user, "flake", {
      "flake.nix": flakeWith(`${channel.url}/releases/latest.tar.xz`),
      "harbour.txt": "Brest",
    });
    const build = async (name: string, repository: string, ...more: string[]): Promise<void> => {
      const ended = await repo2singularity(user, ["--image-name", name, ...more, repository]);
      expect(ended.status, ended.stderr).toBe(0);
    };

    release("nixpkgs-26.05pre1");
    await build("channel", expression);
    await build("flake", flake);
    release("nixpkgs-26.05pre2");
    await build("channel-again", expression, "--locked", "channel.sif");
    const gone = await repo2singularity(user, ["--image-name", "flake-again", "--locked", "flake.sif", flake]);

    expect(await textIn("channel-again.sif", "echo $TIDES_UNIT")).toBe("nixpkgs-26.05pre1\n");
    expect(await textIn("flake.sif", 'echo "$HARBOUR $TIDES $RELEASE"')).toBe(
      "Brest Brest-tides nixpkgs-26.05pre1-revision\n",
    );
    expect(await nixPackages("channel-again.sif")).toMatchObject([
      {
        name: "nixpkgs",
        version: "nixpkgs-26.05pre1-revision",
        source: expect.stringContaining("https://releases.nixos.org/nixpkgs/nixpkgs-26"),
      },
    ]);
    expect(await nixPackages("flake.sif")).toMatchObject([
      { name: "harbours", version: expect.stringMatching(/^sha256-/) },
    ]);
    expect(gone.stderr).toContain("NAR hash mismatch"); // the lock's content is not to be had under that address any more
    expect(gone.status).toBe(1);
    expect(await textIn("channel.sif", `grep -rl ${channel.url} /srv || true`)).toBe("");
  });
});
