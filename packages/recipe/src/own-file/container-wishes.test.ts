import { describe, expect, test } from "vitest";
import { memoryTree } from "../tree/repo-tree.ts";
import { containerWishes, type ContainerWishes } from "./container-wishes.ts";
import { readOwnFile } from "./read-own-file.ts";

function wishesOf(
  from: string,
  own: string | undefined,
  more: ContainerWishes = {},
): ReturnType<typeof containerWishes> {
  const tree = memoryTree(own === undefined ? {} : { "repo2singularity.yaml": own });
  return containerWishes(
    { images: [`docker://${from}`], reason: "Dockerfile describes the whole image" },
    { own: readOwnFile(tree), ...more },
  );
}

const gpu = "org.repo2singularity.gpu";

describe("wishes of an image that a Dockerfile describes", () => {
  test("its base says which cards it is made for, the own file and the command line go before it", () => {
    expect(wishesOf("nvidia/cuda:12.4.1-base-ubuntu22.04", undefined).labels).toEqual({ [gpu]: "cuda" });
    expect(wishesOf("nvidia/cuda:12.4.1-base-ubuntu22.04", "gpu: none\n").labels).toEqual({});
    expect(wishesOf("debian:trixie", "gpu: cuda\n", { gpu: "rocm" }).labels).toEqual({ [gpu]: "rocm" });
  });

  test("resources become labels; what says how an image is made is passed over, each key with a line", () => {
    const { labels, decisions } = wishesOf("debian:trixie", "resources: {cpus: 2}\npackages: [jq]\nenv: {A: b}\n", {
      date: "2024-05-01",
      base: "debootstrap:trixie",
    });

    expect(labels).toEqual({ "org.repo2singularity.resources.cpus": "2" });
    expect(decisions.map(({ subject, outcome }) => `${outcome} ${subject}`)).toEqual([
      "used repo2singularity.yaml",
      "ignored repo2singularity.yaml: packages",
      "ignored repo2singularity.yaml: env",
      "ignored --base",
      "ignored --date",
    ]);
  });

  test("without any there is nothing to say", () => {
    expect(wishesOf("debian:trixie", undefined)).toEqual({ labels: {}, decisions: [] });
  });
});
