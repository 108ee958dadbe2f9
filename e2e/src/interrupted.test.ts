import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, watch } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { giveTo } from "./support/clones.ts";
import { cacheOf, expectNoLeftovers, expectSoundCache } from "./support/leftovers.ts";
import { repo2singularity, userCommand } from "./support/program.ts";
import { smallRepository } from "./support/small-repository.ts";
import { leastUser, type User, withOwnCache } from "./support/users.ts";

/** A line of the event log that tells that a moment has come. */
type Moment = (event: Readonly<Record<string, unknown>>) => boolean;

const step = "sleep 3.0625"; // a length that nobody else waits
const repositoryFiles = {
  "data.txt": "some data\n",
  postBuild: `#!/bin/sh\nset -e\necho the step works\n${step}\nsort data.txt >sorted.txt\n`,
};

describe("kill -9", () => {
  const user = leastUser();
  let victim: User;
  let words: readonly string[];
  let image = "";
  let expected = "";

  beforeAll(async () => {
    const folder = mkdtempSync(path.join(user.home, "interrupted-"));
    giveTo(user, folder);
    image = path.join(folder, "cut.sif");
    const repository = smallRepository(user, "cut", repositoryFiles);
    const options = { cwd: folder };
    // a build of another repository fills the cache with all that this one does not change
    const warm = smallRepository(user, "warm", { postBuild: "#!/bin/sh\ntrue\n" });
    expect(await repo2singularity(user, ["--image-name", "warm", warm], options)).toMatchObject({ status: 0 });
    const base = path.join(folder, "base.sqfs");
    copyFileSync(await baseLayer(user, path.join(folder, "warm.sif")), base);
    giveTo(user, base);
    victim = { ...withOwnCache(user), home: folder };

    const whole = ["--base", base, "--image-name", "whole", repository];
    expect(await repo2singularity(user, whole, options)).toMatchObject({ status: 0 });
    expected = sha256(path.join(folder, "whole.sif"));
    words = ["--json-logs", "--base", base, "--image-name", "cut", repository];
  });

  // in the order in which they come, so that each run goes on from where the one before was cut
  const moments: Readonly<Record<string, Moment>> = {
    "while the base is made": ({ type, phase }) => type === "phase-start" && phase === "base",
    "between base and layers": ({ type, phase }) => type === "phase-end" && phase === "base",
    "while a step runs": ({ type, line }) => type === "log" && line === "the step works",
    "while a layer is packed": ({ type, phase, line }) =>
      type === "log" && phase === "post-build" && line === "packing the layer",
    "while the image is composed": ({ type, phase }) => type === "phase-start" && phase === "compose",
  };

  test.each(Object.keys(moments))("%s leaves no image and a sound cache", async (name) => {
    expect(await killAt(victim, words, { event: moments[name]! })).toBe("SIGKILL");

    expect(existsSync(image)).toBe(false);
    await expect.poll(() => processesWith(step), { timeout: 2_000 }).toEqual([]);
    await expectSoundCache(victim);
  });

  test("while the image is written leaves nothing under its name and a sound cache", async () => {
    expect(await killAt(victim, words, { fileStart: "cut.sif.partial-" })).toBe("SIGKILL");

    expect(existsSync(image)).toBe(false);
    await expectSoundCache(victim);
  });

  test("the next run ends with the same bytes as one that was never cut, and nothing is left over", async () => {
    const ended = await repo2singularity(victim, words);

    expect(ended).toMatchObject({ status: 0 });
    expect(sha256(image)).toBe(expected);
    expectNoLeftovers(victim, cacheOf(victim)); // beside the image a cut writer may leave a file .partial-*
  });
});

/** Runs the program as a user and kills it when an event is logged, or a file appears in the user's home. */
function killAt(
  user: User,
  words: readonly string[],
  moment: { readonly event?: Moment; readonly fileStart?: string },
): Promise<NodeJS.Signals | number | null> {
  const [command, args] = userCommand(user, path.join(user.clone, "bin/repo2singularity"), words);
  const env = { ...process.env, HOME: user.home, XDG_CACHE_HOME: user.cacheHome };
  const child = spawn(command, args, { cwd: user.home, env, stdio: ["ignore", "ignore", "pipe"] });
  const watcher = watch(user.home, (_kind, file) => {
    if (moment.fileStart !== undefined && file?.startsWith(moment.fileStart) === true) child.kill("SIGKILL");
  });
  let rest = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    // every line of --json-logs is an object
    const events = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    if (events.some((event) => moment.event?.(event) === true)) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      watcher.close();
      resolve(signal ?? status);
    });
  });
}

/** The file of an image's lowest layer in a user's cache. */
async function baseLayer(user: User, image: string): Promise<string> {
  const { stdout } = await repo2singularity(user, ["inspect", "--json", image]);
  // the schema of the record has at least one layer
  const { layers } = JSON.parse(stdout) as { readonly layers: readonly { readonly digest: string }[] };
  const digest = layers[0]!.digest.replace("sha256:", "");
  const files = readdirSync(path.join(cacheOf(user), "files"), { recursive: true, encoding: "utf8" });
  const found = files.find((file) => file.replaceAll("/", "").includes(digest));
  return path.join(cacheOf(user), "files", found!);
}

/** Command lines of running programs that hold a text. */
function processesWith(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // it ended meanwhile
      }
    })
    .filter((line) => line.includes(text));
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
