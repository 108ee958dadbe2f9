import { existsSync } from "node:fs";
import { type Benchmark, type BenchRow, lessIsBetter } from "../benchmark.ts";
import type { BenchContext } from "../context.ts";
import { type DockerRegistryPlace, makeDockerRegistry, startDockerRegistry } from "../fixtures/docker-registry.ts";
import { dockerBlobFile, fillDockerRegistry } from "../fixtures/fill-docker-registry.ts";
import { fillOurRegistry } from "../fixtures/fill-our-registry.ts";
import { imageCounts, labelPrefix, manyImages, repositoryOfMany } from "../fixtures/many-images.ts";
import { ourProgram, startOurRegistry } from "../fixtures/our-registry.ts";
import { interleave } from "../measure/interleaved.ts";
import { readResidentMemory } from "../measure/server-memory.ts";
import { runTimed } from "../measure/timed-process.ts";

const mebibyte = 2 ** 20;
const pageNames = 1000;
const registryName = "many";
/** What a small virtual machine can spare. */
const memoryLimitBytes = 256 * mebibyte;

/** What a registry of ten thousand images costs to look after. */
export const registry10k: Benchmark = {
  name: "registry-10k",
  title: "10,000 images: all names and tags listed, words searched, a tenth collected as garbage; peak memory",
  run: async (context) => {
    const docker = await makeDockerRegistry(context, registryName);
    const folder = await makeOurs(context);
    await fillDockerRegistry(docker.data, manyImages(context.scratchDir));
    context.log("both registries are filled");
    return [...(await measureServers(context, docker)), ...(await measureCollection(context, { docker, folder }))];
  },
};

async function makeOurs(context: BenchContext): Promise<string> {
  let folder: string;
  {
    await using registry = await startOurRegistry(context, registryName); // makes the admin
    ({ folder } = registry);
  }
  await fillOurRegistry(folder, manyImages(context.scratchDir));
  return folder;
}

async function measureServers(context: BenchContext, docker: DockerRegistryPlace): Promise<readonly BenchRow[]> {
  await using ours = await startOurRegistry(context, registryName);
  await using theirs = await startDockerRegistry(docker);
  const listing = await interleave(
    { ours: () => timeListing(ours.url), theirs: () => timeListing(theirs.url) },
    { rounds: context.rounds, warmups: 1 },
  );
  const searching = await interleave({ ours: () => timeSearches(ours.url) }, { rounds: context.rounds, warmups: 1 });
  const { peakBytes } = await readResidentMemory(ours.pid);
  const { peakBytes: theirPeakBytes } = await readResidentMemory(theirs.pid);
  context.log(`memory: docker-registry had ${(theirPeakBytes / mebibyte).toFixed(0)} MiB at most`);
  return [
    lessIsBetter({
      name: "registry-10k list",
      peer: "docker-registry",
      ours: listing.ours.median,
      theirs: listing.theirs.median,
      unit: "s",
      goalRatio: 3,
    }),
    lessIsBetter({
      name: "registry-10k search",
      peer: "a second (no such call there)",
      ours: searching.ours.median,
      theirs: 1,
      unit: "s",
      goalRatio: 1,
    }),
    memoryRow("registry-10k memory", peakBytes),
  ];
}

/** Seconds for the names of all repositories, in pages, and the tags of the one that has many. */
async function timeListing(url: string): Promise<number> {
  const started = performance.now();
  const names = await readPages(url, `/v2/_catalog?n=${pageNames}`, "repositories");
  const tags = await readPages(url, `/v2/${repositoryOfMany}/tags/list`, "tags");
  const seconds = (performance.now() - started) / 1000;
  const { repositories, tagsOfOne } = imageCounts;
  if (names.length !== repositories + 1 || tags.length !== tagsOfOne) {
    throw new Error(`${url}: lists ${names.length} repositories, and ${tags.length} tags of ${repositoryOfMany}`);
  }
  return seconds;
}

async function readPages(url: string, first: string, key: string): Promise<readonly string[]> {
  const found: string[] = [];
  let next: string | undefined = first;
  while (next !== undefined) {
    const answer = await fetch(new URL(next, url));
    if (!answer.ok) throw new Error(`${answer.url}: answered ${answer.status}`);
    const page = (await answer.json()) as Readonly<Record<string, readonly string[]>>; // as the API has it
    found.push(...(page[key] ?? []));
    next = /<([^>]+)>;\s*rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  return found;
}

/** Seconds for a word that one image has in a label, and one that all names have. */
async function timeSearches(url: string): Promise<number> {
  const started = performance.now();
  for (const [word, least] of [
    [`${labelPrefix}04711`, 1],
    ["tool", 100],
  ] as const) {
    const answer = await fetch(`${url}/v1/search?value=${word}&arch=amd64`);
    // as the API has it
    const { data } = (await answer.json()) as { readonly data: { readonly image: readonly unknown[] } };
    if (data.image.length < least) throw new Error(`${url}: finds ${data.image.length} images for "${word}"`);
  }
  return (performance.now() - started) / 1000;
}

/** One run: what is collected is gone. The servers do not run, because docker-registry's must not. */
async function measureCollection(
  context: BenchContext,
  { docker, folder }: { readonly docker: DockerRegistryPlace; readonly folder: string },
): Promise<readonly BenchRow[]> {
  const words = ["registry", "gc", "--root", folder, "--untagged", "--grace", "0"];
  const ours = await runTimed(ourProgram(context), words);
  const theirs = await runTimed("docker-registry", ["garbage-collect", "--delete-untagged", docker.config]);
  const { untagged } = imageCounts;
  if (!ours.stdout.startsWith(`removed ${untagged} manifests, ${untagged} blobs`)) {
    throw new Error(`expected ${untagged} images to go: ${ours.stdout}`);
  }
  for await (const { tag, digest } of manyImages(context.scratchDir)) {
    if ((tag !== undefined) !== existsSync(dockerBlobFile(docker.data, digest))) {
      throw new Error(`docker-registry collected something else: ${digest}`);
    }
  }
  return [
    lessIsBetter({
      name: "registry-10k collect",
      peer: "docker-registry garbage-collect",
      ours: ours.wallSeconds,
      theirs: theirs.wallSeconds,
      unit: "s",
      goalRatio: 3,
    }),
    memoryRow("registry-10k collect memory", ours.peakRssBytes),
  ];
}

function memoryRow(name: string, peakBytes: number): BenchRow {
  return lessIsBetter({
    name,
    peer: `a limit of ${memoryLimitBytes / mebibyte} MiB`,
    ours: peakBytes / mebibyte,
    theirs: memoryLimitBytes / mebibyte,
    unit: "MiB",
    goalRatio: 1,
  });
}
