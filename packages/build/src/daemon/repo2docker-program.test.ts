import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { processRunner } from "@repo2singularity/base";
import { expect, test } from "vitest";
import { findRepo2docker, type Repo2dockerSearch } from "./repo2docker-program.ts";

const index = "https://index.example.org/simple";

async function search(folder: string): Promise<Repo2dockerSearch> {
  const python = { indexUrl: index, extraIndexUrls: [], findLinks: [], trustedHosts: [], noIndex: false } as const;
  const uv = path.join(folder, "uv");
  await writeFile(uv, '#!/bin/sh\necho "$UV_DEFAULT_INDEX $6 $7"\n');
  await chmod(uv, 0o755);
  return {
    runner: processRunner,
    env: { PATH: path.join(folder, "bin") },
    settings: { python } as unknown as Repo2dockerSearch["settings"], // the rest says nothing about an index
    store: { directory: folder },
    ensureUv: () => Promise.resolve({ name: "uv", version: "1", path: uv, origin: "store" }),
    signal: new AbortController().signal,
  };
}

test("the user's own repo2docker is taken, else a pinned one from the machine's index", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "repo2docker-"));
  const own = path.join(folder, "jupyter-repo2docker");
  const options = await search(folder);

  const fetched = await findRepo2docker(options);
  await writeFile(own, "#!/bin/sh\necho 2024.7\n");
  await chmod(own, 0o755);
  const found = await findRepo2docker({ ...options, env: { PATH: folder } });

  expect(fetched).toMatchObject({
    command: path.join(folder, "uv"),
    version: `${index} jupyter-repo2docker --version`,
    env: { UV_CACHE_DIR: path.join(folder, "downloads/uv") },
  });
  expect(fetched.args.at(-2)).toMatch(/^jupyter-repo2docker==\d+\.\d+\.\d+$/);
  expect(found).toEqual({ command: "jupyter-repo2docker", args: [], env: {}, version: "2024.7" });
  await rm(folder, { recursive: true });
});
