import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { processRunner } from "@repo2singularity/base";
import { openSquashfs } from "@repo2singularity/image";
import { expect, test } from "vitest";
import { scratchFolder } from "./support/run-folder.ts";

const isRoot = process.getuid?.() === 0;
const has = async (program: string): Promise<boolean> =>
  processRunner("sh", ["-c", `command -v ${program}`], { env: { PATH: process.env["PATH"] } }).then(
    () => true,
    () => false,
  );
const hasTester = isRoot && (await has("setpriv")) && /^tester:/m.test(await readFile("/etc/passwd", "utf8"));
const hasMmdebstrap = await has("mmdebstrap");

interface MadeBase {
  readonly digest: string;
  readonly layerPath: string;
  readonly aptSources: readonly { readonly text: string }[];
  readonly facts: { readonly codename: string; readonly hasPackages?: readonly string[] };
}

const trixie = "debootstrap:trixie";
let mine: Promise<MadeBase> | undefined;

/** The base that both tests look at is made once. */
function myBase(): Promise<MadeBase> {
  return (mine ??= makeBase("mine", trixie));
}

/** Runs `make-base.ts` in a process of its own, as root or as the user `tester`, with an empty store. */
async function makeBase(user: "mine" | "tester", reference: string): Promise<MadeBase> {
  const directory = scratchFolder("bases");
  await chmod(directory, 0o777);
  const program = [process.execPath, join(import.meta.dirname, "make-base.ts"), reference, join(directory, "store")];
  const command =
    user === "mine" ? program : ["setpriv", "--reuid=tester", "--regid=tester", "--clear-groups", ...program];
  const [first = "", ...rest] = command;
  const env = { ...process.env, HOME: directory, TMPDIR: directory };
  const { stdout } = await processRunner(first, rest, { env, cwd: directory, timeoutMs: 800_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as MadeBase; // make-base.ts prints just this
}

test.runIf(hasMmdebstrap)(
  "a bootstrapped base has apt, authorities, public sources and nothing of this machine",
  async () => {
    const base = await myBase();

    expect(base.facts.codename).toBe("trixie");
    expect(base.facts.hasPackages).toEqual(expect.arrayContaining(["apt", "ca-certificates", "dpkg"]));
    expect(base.aptSources[0]?.text).toContain("URIs: http://deb.debian.org/debian\n");
    await using image = await openSquashfs(base.layerPath);
    for await (const entry of image.entries()) {
      if (entry.type === "directory") continue; // empty folders stay, since packages own them
      expect(entry.path).not.toMatch(
        /^(?:dev|proc|sys|run|tmp|var\/tmp|var\/lib\/apt\/lists|var\/log)\/|machine-id|mmdebstrap/,
      );
    }
  },
  900_000,
);

test.runIf(hasMmdebstrap && hasTester)(
  "root and an ordinary user bootstrap the same bytes",
  async () => {
    const testers = await makeBase("tester", trixie);

    expect(testers.digest).toBe((await myBase()).digest);
  },
  900_000,
);
