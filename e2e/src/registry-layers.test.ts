import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitAll, giveTo, initRepository } from "./support/clones.ts";
import { startRegistry, type Registry } from "./support/docker-registry.ts";
import { startOwnRegistry, type OwnRegistry } from "./support/own-registry.ts";
import { type Ended, repo2singularity, runAs } from "./support/program.ts";
import { smallRepository } from "./support/small-repository.ts";
import { leastUser, type User } from "./support/users.ts";

const has = (program: string): boolean => spawnSync(program, ["--version"]).error === undefined;
const author = leastUser();
const folder = mkdtempSync(path.join(author.home, "layers-"));
/** Somebody whose cache has seen nothing. */
const reader: User = { ...author, cacheHome: path.join(folder, "reader-cache") };
const image = path.join(author.home, "course.sif");
let repository = "";

/** What `push --json` and `pull --json` print, as far as these tests look at it. */
interface Moved {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly fetchedBytes: number;
}

async function succeed(work: Promise<Ended>): Promise<Ended> {
  const ended = await work;
  expect(ended, ended.stderr).toMatchObject({ status: 0 });
  return ended;
}

const push = async (...words: readonly string[]): Promise<Moved> =>
  JSON.parse((await succeed(repo2singularity(author, ["push", "--json", image, ...words]))).stdout) as Moved; // as printed
const pull = async (reference: string, name: string): Promise<Moved> => {
  const words = ["pull", "--json", "--force", "-o", path.join(folder, name), reference];
  return JSON.parse((await succeed(repo2singularity(reader, words))).stdout) as Moved; // as printed
};
const isSame = (name: string): boolean => readFileSync(path.join(folder, name)).equals(readFileSync(image));

async function buildWith(text: string): Promise<void> {
  writeFileSync(path.join(repository, "index.md"), text);
  commitAll(repository, text, "2024-05-02T12:00:00Z");
  giveTo(author, repository);
  await succeed(repo2singularity(author, ["--force", "--image-name", "course", repository]));
}

beforeAll(async () => {
  giveTo(author, folder);
  repository = smallRepository(author, "course", { "index.md": "first\n" });
  initRepository(repository);
  await buildWith("first edit\n");
});

describe.runIf(has("apptainer"))("a registry of our own", () => {
  let registry: OwnRegistry;
  let reference = "";
  beforeAll(async () => {
    registry = await startOwnRegistry(author, path.join(folder, "own"));
    reference = `oras://${registry.host}/lab/course:latest`;
    await succeed(repo2singularity(author, ["login", "--token-file", registry.tokenFile, registry.host]));
  });
  afterAll(() => registry.stop());

  test("gets the layers of an image alone, and hands it out whole to apptainer", async () => {
    const pushed = await push(reference);
    await succeed(runAs(author, "apptainer", ["pull", path.join(folder, "theirs.sif"), reference]));
    const theirs = path.join(folder, "theirs.sif");
    const ran = await runAs(author, "apptainer", ["run", "--userns", theirs, "cat", "index.md"]);

    expect(pushed.sizeBytes).toBe(statSync(image).size);
    expect(isSame("theirs.sif")).toBe(true);
    expect(ran).toMatchObject({ status: 0, stdout: "first edit\n" });
  });

  test("after an edit moves less than a hundredth of the image, up and down", async () => {
    const first = await pull(reference, "ours.sif");
    await buildWith("second edit\n");
    const pushed = await push(reference);
    const second = await pull(reference, "ours.sif");

    expect(first.fetchedBytes).toBeLessThan(1.05 * first.sizeBytes);
    expect(pushed.sentBytes).toBeLessThan(pushed.sizeBytes / 100);
    expect(second.fetchedBytes).toBeLessThan(second.sizeBytes / 100);
    expect(isSame("ours.sif")).toBe(true);
  });
});

describe.runIf(has("docker-registry"))("a registry that knows nothing of layers", () => {
  let registry: Registry;
  let reference = "";
  beforeAll(async () => {
    registry = await startRegistry(path.join(folder, "plain"));
    reference = `oras://127.0.0.1:${registry.port}/lab/course:latest`;
  });
  afterAll(() => registry.stop());

  test("gets the image alone, when nobody asks for more", async () => {
    const pushed = await push(reference.replace("course", "alone"));
    const pulled = await pull(reference.replace("course", "alone"), "alone.sif");

    expect(pushed.sentBytes).toBe(pushed.sizeBytes);
    expect(pulled.fetchedBytes).toBe(pulled.sizeBytes);
  });

  test("hands out what changed all the same, when the layers were pushed beside the image", async () => {
    await push("--layers", reference);
    await pull(reference, "plain.sif");
    await buildWith("third edit\n");
    await push("--layers", reference);
    const pulled = await pull(reference, "plain.sif");

    expect(pulled.fetchedBytes).toBeLessThan(pulled.sizeBytes / 100);
    expect(isSame("plain.sif")).toBe(true);
  });
});
