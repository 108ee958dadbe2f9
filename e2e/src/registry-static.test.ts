import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hasSwift, startSwift } from "@repo2singularity/testkit/swift";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitAll, initRepository } from "./support/clones.ts";
import { type Ended, repo2singularity, runAs, type RunOptions } from "./support/program.ts";
import { scratchFolder } from "./support/run-folder.ts";
import { serveStatic, type StaticServer } from "./support/static-server.ts";
import { allUsers, type User } from "./support/users.ts";

const user: User | undefined = allUsers()[0];
const isRoot = process.getuid?.() === 0;
const hasApptainer = spawnSync("apptainer", ["--version"]).status === 0;
const hasTools = ["jq", "wget", "curl"].every((program) => spawnSync(program, ["--version"]).status === 0);

const definition = `Bootstrap: scratch

%files
    hello.txt /hello.txt

%labels
    maintainer vanessa
`;

function sha256Of(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

describe("a registry that is nothing but files", () => {
  let root: string;
  let site: StaticServer;
  let digest: string;

  const run = (program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> => {
    if (user === undefined) throw new Error("nobody can run the tests");
    return runAs(user, program, args, options);
  };
  const registry = (args: readonly string[], options: RunOptions = {}): Promise<Ended> => {
    if (user === undefined) throw new Error("nobody can run the tests");
    return repo2singularity(user, ["registry", ...args], { cwd: root, ...options });
  };
  const freshFolder = (): string => mkdtempSync(path.join(root, "out-"));

  beforeAll(async () => {
    root = scratchFolder("static-registry");
    const tag = path.join(root, "vanessa/fortune/manifests/latest");
    mkdirSync(tag, { recursive: true });
    writeFileSync(path.join(tag, "Singularity"), definition);
    writeFileSync(path.join(tag, "hello.txt"), "hello\n");
    writeFileSync(path.join(root, "vanessa/fortune/README.md"), "# Fortune\n\nSays something wise.\n");
    mkdirSync(path.join(root, "_site"));
    site = await serveStatic(path.join(root, "_site"), "127.0.0.80", isRoot ? 80 : 0);
    const begun = await registry(["init", "--title", "Lab registry", "--url", site.url]);
    const built = await registry(["build"]);
    const published = await registry(["publish", "_site"]);
    for (const ended of [begun, built, published]) expect(ended, ended.stderr).toMatchObject({ status: 0 });
    const [image] = readdirSync(path.join(root, ".images"));
    digest = sha256Of(path.join(root, ".images", image ?? ""));
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test("what was built is written down and not built again", async () => {
    const text = readFileSync(path.join(root, "vanessa/fortune/manifests/latest/image.yaml"), "utf8");

    expect(text).toContain(`digest: sha256:${digest}\n`);
    expect(text).toContain("maintainer: vanessa");
    expect(await registry(["build"])).toMatchObject({ status: 0, stdout: "everything is up to date\n" });
    expect((await registry(["publish", "_site"])).stdout).toContain(" 0 files written");
  });

  test("another machine publishes the same site, with the images as they are there", async () => {
    const copy = path.join(freshFolder(), "registry");
    for (const name of ["registry.yaml", "vanessa"])
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true });

    const published = await registry(["publish", "site"], { cwd: copy });

    expect(published, published.stderr).toMatchObject({ status: 0 });
    expect(published.stderr).toContain(`fetched ${site.url}/vanessa/fortune/tags/latest/fortune_latest.sif`);
    expect(sha256Of(path.join(copy, "site/vanessa/fortune/tags/latest/fortune_latest.sif"))).toBe(digest);
  });

  test.runIf(hasTools)("the seed's own line fetches the image", async () => {
    const folder = freshFolder();
    const line = `c=$(curl -sf ${site.url}/vanessa/fortune/manifests/latest/ | jq --raw-output '.layers[].urls[0]'); wget -q -O x.sif $c`;

    const tags = await run("curl", ["-sf", `${site.url}/vanessa/fortune/tags/`]);
    const fetched = await run("sh", ["-c", line], { cwd: folder });

    expect(JSON.parse(tags.stdout)).toEqual({ name: "vanessa/fortune", tags: ["latest"] });
    expect(fetched).toMatchObject({ status: 0 });
    expect(sha256Of(path.join(folder, "x.sif"))).toBe(digest);
  });

  describe.runIf(hasApptainer)("the stock client pulls by", () => {
    const pulls: ReadonlyArray<readonly [string, boolean, () => readonly string[]]> = [
      [
        "library://, from the library that is named",
        true,
        () => ["--library", site.url, "library://library/vanessa/fortune:latest"],
      ],
      [
        "library://, from the host that is named",
        true,
        () => ["--no-https", `library://${site.host}/library/vanessa/fortune:latest`],
      ],
      ["oras://", true, () => ["--no-https", `oras://${site.host}/vanessa/fortune:latest`]],
      ["shub://, which knows no ports", isRoot, () => ["--no-https", `shub://${site.host}/vanessa/fortune:latest`]],
      ["http://", true, () => [`${site.url}/vanessa/fortune/tags/latest/fortune_latest.sif`]],
    ];
    for (const [name, canBeAsked, words] of pulls) {
      test.runIf(canBeAsked)(name, async () => {
        const out = path.join(freshFolder(), "out.sif");

        const pulled = await run("apptainer", pullWords(out, words()));

        expect(pulled, pulled.stderr).toMatchObject({ status: 0 });
        expect(sha256Of(out)).toBe(digest);
      });
    }
  });

  test.each(["library://HOST/library/vanessa/fortune:latest", "oras://HOST/vanessa/fortune:latest"])(
    "our own client pulls %s",
    async (reference) => {
      const out = path.join(freshFolder(), "out.sif");
      const program = path.join(user?.clone ?? "", "bin/repo2singularity");

      const pulled = await run(program, ["pull", reference.replace("HOST", site.host), "-o", out]);

      expect(pulled, pulled.stderr).toMatchObject({ status: 0 });
      expect(sha256Of(out)).toBe(digest);
    },
  );

  test.runIf(hasApptainer)("the stock client takes the site for its remote", async () => {
    const folder = freshFolder();
    const remote = `{URI: "${site.url}", Token: "", System: false, Exclusive: false, Insecure: true}`;
    writeFileSync(path.join(folder, "remote.yaml"), `Active: lab\nRemotes: {lab: ${remote}}\n`);
    const env = { APPTAINER_CONFIGDIR: folder };

    const pulled = await run("apptainer", ["pull", path.join(folder, "x.sif"), "library://library/vanessa/fortune"], {
      env,
    });

    expect(pulled, pulled.stderr).toMatchObject({ status: 0 });
    expect(sha256Of(path.join(folder, "x.sif"))).toBe(digest);
  });

  test("a change is checked: the new tag is told, and a wrong one is named by its file and line", async () => {
    const git = (...words: string[]): unknown =>
      spawnSync("git", ["-C", root, "-c", "user.name=x", "-c", "user.email=x@x.example", ...words]);
    git("init", "-q", "-b", "main");
    git("add", "vanessa", "registry.yaml", ".gitignore");
    git("commit", "-qm", "begin");
    const elsewhere = ["--image", path.join(root, ".images", `${digest}.sif`), "--url"];
    await registry(["add", "lab/good:1", ...elsewhere, `${site.url}/vanessa/fortune/tags/latest/fortune_latest.sif`]);
    const good = await registry(["check", "--against", "main", "--verify"]);
    await registry(["add", "lab/bad:1", ...elsewhere, `${site.url}/catalogue.json`]);
    await registry(["add", "lab/gone:1", ...elsewhere, `${site.url}/none.sif`]);
    const bad = await registry(["check", "--against", "main", "--verify"]);
    rmSync(path.join(root, "lab"), { recursive: true });

    expect(good).toMatchObject({ status: 0, stdout: "built elsewhere: lab/good:1\nnothing is wrong\n" });
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^lab\/bad\/manifests\/1\/image\.yaml:1: size: /m);
    expect(bad.stdout).toMatch(/^lab\/gone\/manifests\/1\/image\.yaml:1: url: .*404/m);
  });

  test("a tag that names a repository is built from its ref, published, and pulled", async () => {
    const served = path.join(scratchFolder("static-source"), "served");
    const work = path.join(served, "work");
    mkdirSync(work, { recursive: true });
    writeFileSync(path.join(work, "Singularity"), definition);
    writeFileSync(path.join(work, "hello.txt"), "first\n");
    initRepository(work);
    const git = (...words: string[]): unknown => execFileSync("git", ["-C", work, ...words]);
    git("tag", "v1");
    writeFileSync(path.join(work, "hello.txt"), "second\n");
    commitAll(work, "second", "2024-05-02T12:00:00Z");
    git("clone", "--quiet", "--bare", ".", "../course.git");
    git("-C", "../course.git", "update-server-info"); // for a server that knows nothing of git
    await using server = await serveStatic(served);
    const copy = path.join(served, "registry");
    mkdirSync(copy);
    const own = (...words: readonly string[]): Promise<Ended> => registry(words, { cwd: copy });
    const source = ["--repository", `${server.url}/course.git`, "--ref", "v1"];

    const ends = [
      await own("init", "--url", `${server.url}/registry/_site`),
      await own("add", "lab/course:v1", ...source),
      await own("check"),
      await own("build"),
      await own("publish", "_site"),
    ];
    const again = await own("build");
    const out = path.join(copy, "out.sif");
    const program = path.join(user?.clone ?? "", "bin/repo2singularity");
    const url = `${server.url}/registry/_site/lab/course/tags/v1/course_v1.sif`;
    const pulled = await run(program, ["pull", url, "-o", out]);
    const unpacked = await run(program, ["image", "unpack", out, path.join(copy, "unpacked")]);

    for (const ended of [...ends, pulled, unpacked]) expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(ends[2]?.stdout).toContain("to build: lab/course:v1");
    expect(again.stdout).toBe("everything is up to date\n");
    expect(readFileSync(path.join(copy, "unpacked/hello.txt"), "utf8")).toBe("first\n");
    const said = readFileSync(path.join(copy, "lab/course/manifests/v1/image.yaml"), "utf8");
    expect(said).toContain(`digest: sha256:${sha256Of(out)}`);
  });

  test.runIf(hasSwift)("images and site lie in object storage, and clients fetch them by their addresses", async () => {
    await using swift = await startSwift(path.join(scratchFolder("static-swift"), "storage"));
    await swift.makeBucket("lab");
    const copy = path.join(scratchFolder("static-copy"), "registry");
    const tag = path.join(copy, "vanessa/fortune/manifests/latest");
    mkdirSync(tag, { recursive: true });
    writeFileSync(path.join(tag, "Singularity"), definition);
    writeFileSync(path.join(tag, "hello.txt"), "hello\n");
    const storage = ["--storage", "s3://lab/images", "--storage-url", "https://store.example/lab/images"];
    const options = { cwd: copy, env: { ...swift.env } };

    const ends = [
      await registry(["init", "--url", "https://lab.example", ...storage], options),
      await registry(["build"], options),
      await registry(["publish", "s3://lab/site"], options),
    ];
    const out = path.join(copy, "out.sif");
    const url = /url: https:\/\/store.example\/lab\/(.*)/.exec(readFileSync(path.join(tag, "image.yaml"), "utf8"))?.[1];
    const [pulled, listed] = await Promise.all([
      run(path.join(user?.clone ?? "", "bin/repo2singularity"), ["pull", `s3://lab/${url}`, "-o", out], options),
      registry(["publish", "s3://lab/site"], options),
    ]);

    for (const ended of ends) expect(ended, ended.stderr).toMatchObject({ status: 0 });
    expect(url).toMatch(/^images\/vanessa\/fortune\/[0-9a-f]{16}\/fortune_latest\.sif$/);
    expect(pulled, pulled.stderr).toMatchObject({ status: 0 });
    expect(readFileSync(path.join(tag, "image.yaml"), "utf8")).toContain(`digest: sha256:${sha256Of(out)}`);
    expect(listed.stdout).toContain(" 0 files written");
  });

  describe.runIf(existsSync("/usr/bin/chromium"))("in a browser", () => {
    test.each(["light", "dark"] as const)(
      "pages are found, searched and read in %s, with no error",
      async (colorScheme) => {
        const { chromium } = await import("playwright-core");
        await using cleanup = new AsyncDisposableStack();
        const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
        cleanup.defer(() => browser.close());
        const page = await browser.newPage({ colorScheme });
        const problems: string[] = [];
        page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
        page.on("pageerror", (error) => problems.push(error.message));

        await page.goto(`${site.url}/`);
        await page.getByRole("searchbox").fill("wise nothing-like-that");
        const none = await page.getByRole("status").textContent();
        await page.getByRole("searchbox").fill("WISE vanessa");
        const some = await page.getByRole("status").textContent();
        await screenshot(page, `list-${colorScheme}`);
        await page.getByRole("link", { name: "vanessa/fortune" }).click();
        const description = await page.getByText("Says something wise.").textContent();
        await screenshot(page, `collection-${colorScheme}`);
        await page.getByRole("link", { name: "latest" }).first().click();
        await page.getByRole("rowheader", { name: "maintainer" }).waitFor();
        const copyButtons = await page.getByRole("button", { name: /^Copy/ }).count();
        await screenshot(page, `tag-${colorScheme}`);

        expect([none, some, description]).toEqual(["0 collections", "1 collection", "Says something wise."]);
        expect(copyButtons).toBeGreaterThan(3);
        expect(problems).toEqual([]);
      },
    );
  });
});

/** `apptainer pull` takes its options first, then the file, then the address. */
function pullWords(out: string, words: readonly string[]): readonly string[] {
  return ["pull", ...words.slice(0, -1), out, ...words.slice(-1)];
}

/** Kept for people to look at, where `R2S_SCREENSHOTS` names a folder. */
async function screenshot(
  page: { screenshot(options: { path: string; fullPage: boolean }): Promise<unknown> },
  name: string,
): Promise<void> {
  const folder = process.env["R2S_SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
