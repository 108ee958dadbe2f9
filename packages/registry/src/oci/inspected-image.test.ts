import { expect, test } from "vitest";
import { parseInspectedImage } from "./inspected-image.ts";

const id = "a".repeat(64);

/** The keys of Docker 20.10 that matter here; a daemon gives many more. */
const inspected = {
  Id: `sha256:${id}`,
  RepoTags: ["demo:latest"],
  Created: "2024-01-02T03:04:05.6Z",
  Config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], Entrypoint: null, Labels: null, User: "1000" },
  Architecture: "arm64",
  Os: "linux",
  RootFS: { Type: "layers", Layers: [`sha256:${"b".repeat(64)}`] },
};

test("reads the id and the configuration of an image in a daemon", () => {
  const { id: found, config } = parseInspectedImage(JSON.stringify([inspected]), "demo");

  expect(found).toBe(`sha256:${id}`);
  expect(config).toMatchObject({
    architecture: "arm64",
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh"], User: "1000" },
  });
  expect(config.config?.Entrypoint).toEqual([]);
});

test("an id without its algorithm, as podman gives it, is a sha256", () => {
  expect(parseInspectedImage(JSON.stringify([{ ...inspected, Id: id }]), "demo").id).toBe(`sha256:${id}`);
});

test("what is no inspection is told with its name", () => {
  expect(() => parseInspectedImage("[]", "demo")).toThrow(/^demo: /);
  expect(() => parseInspectedImage("no json", "demo")).toThrow("demo: is no JSON");
});
