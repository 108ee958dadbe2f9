import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitAll, exampleRepository, giveTo } from "./support/clones.ts";
import { repo2singularity, runAs } from "./support/program.ts";
import { startSession } from "./support/session.ts";
import { leastUser } from "./support/users.ts";
import { setMirrors } from "./support/user-config.ts";

/** A folder with one source package, laid out as a day of Posit's snapshots of CRAN: what was its only one is in the archive. */
function publish(folder: string, version: string): void {
  const description = `Package: sunrise\nVersion: ${version}\nTitle: Sunrise\nLicense: MIT\nDepends: R (>= 3.6)\n`;
  const archive = path.join(folder, "Archive/sunrise");
  mkdirSync(archive, { recursive: true });
  for (const name of readdirSync(folder).filter((one) => one.endsWith(".tar.gz"))) {
    renameSync(path.join(folder, name), path.join(archive, name));
  }
  const source = path.join(folder, "sunrise");
  mkdirSync(path.join(source, "R"), { recursive: true });
  writeFileSync(
    path.join(source, "DESCRIPTION"),
    `${description}Repository: CRAN\nPackaged: 2024-01-01 00:00:00 UTC; ann\n`,
  );
  writeFileSync(path.join(source, "NAMESPACE"), "export(sunrise)\n");
  writeFileSync(path.join(source, "R/sunrise.R"), "sunrise <- function() 6\n");
  writeFileSync(path.join(folder, "PACKAGES"), description);
  execFileSync("tar", ["-czf", `sunrise_${version}.tar.gz`, "sunrise"], { cwd: folder });
}

function serve(folder: string, asked: string[]): Server {
  return createServer((request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    const [, name = "none"] = url.split("/src/contrib/");
    readFile(path.join(folder, name)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
}

const user = leastUser();

describe("an R package with an install.R and a Shiny app", () => {
  const asked: string[] = [];
  const cran = path.join(user.home, "cran");
  const image = path.join(user.home, "r-package.sif");
  let server: Server;
  let port = 0;
  let repository = "";

  beforeAll(async () => {
    publish(cran, "1.2.3");
    server = serve(cran, asked);
    await new Promise((resolve) => server.once("listening", resolve));
    port = (server.address() as AddressInfo).port; // of a TCP server
    repository = exampleRepository(user, "r-package");
    writeFileSync(
      path.join(repository, "install.R"),
      'install.packages("sunrise")\nstopifnot(sunrise::sunrise() == 6)\n',
    );
    const shiny = path.join(user.clone, "examples/r-shiny");
    copyFileSync(path.join(shiny, "app.R"), path.join(repository, "app.R"));
    copyFileSync(path.join(shiny, "verify"), path.join(repository, "verify-shiny"));
    commitAll(repository, "install.R", "2024-05-02T12:00:00Z");
    giveTo(user, path.dirname(repository));
    setMirrors(user, { cran: `http://127.0.0.1:${port}/cran` });
    const built = await repo2singularity(user, [repository]);
    expect(built.status, built.stderr).toBe(0);
  });

  afterAll(() => {
    server.close();
  });

  test("takes packages from the snapshot of the base's release", () => {
    expect(
      asked.some((url) => /^\/cran\/__linux__\/[a-z]+\/latest\/src\/contrib\/sunrise_1\.2\.3\.tar\.gz$/.test(url)),
    ).toBe(true);
  });

  test("runs its notebook with the R kernel, and its package is installed", async () => {
    const ran = await runAs(user, "apptainer", ["run", "--userns", image, "./verify"]);

    expect(ran.stdout).toContain("r-package: ok");
    expect(ran.status).toBe(0);
  });

  test("has its Shiny app behind the server, which nobody reaches without the token", async () => {
    const verified = await runAs(user, "apptainer", ["run", "--userns", image, "./verify-shiny"]);
    await using session = await startSession(user, [repository]);
    const { origin, search } = new URL(session.url);
    const page = await fetch(`${origin}/shiny/${search}`);
    const stranger = await fetch(`${origin}/shiny/`, { redirect: "manual" });

    expect(verified, verified.stderr).toMatchObject({ status: 0, stdout: "r-shiny: ok\n" });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Words from the harbour");
    expect(stranger.status).not.toBe(200);
  });

  test("keeps the public address of CRAN, and nothing of the mirror or the clock", async () => {
    const program =
      'cat(getOption("repos"), packageDescription("tides")$Packaged, packageDescription("sunrise")$Built)';
    const ran = await runAs(user, "apptainer", ["exec", "--userns", image, "Rscript", "-e", program]);
    const grep = await runAs(user, "apptainer", [
      "exec",
      "--userns",
      image,
      "grep",
      "-r",
      `127.0.0.1:${port}`,
      "/srv",
      "/etc",
    ]);

    expect(ran.stdout).toMatch(
      /^https:\/\/packagemanager\.posit\.co\/cran\/__linux__\/[a-z]+\/latest 1980-01-01 00:00:00 UTC; build .*; 1980-01-01/,
    );
    expect(grep.stdout).toBe("");
  });

  test("is built again from its lock, to the same bytes, with the version that is only in the archive by now", async () => {
    publish(cran, "1.3.0");
    const again = await repo2singularity(user, ["--image-name", "again", "--locked", image, repository]);

    expect(again, again.stderr).toMatchObject({ status: 0 });
    expect(asked.some((url) => url.endsWith("/src/contrib/Archive/sunrise/sunrise_1.2.3.tar.gz"))).toBe(true);
    expect(readFileSync(path.join(user.home, "again.sif")).equals(readFileSync(image))).toBe(true);
  });
});
