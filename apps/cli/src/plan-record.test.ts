import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runInHome, type Written } from "./testing/run-in-home.ts";

const requirements = "numpy==2.1.0\n";
let home = "";
let origin = "";
const server = createServer((request, response) => {
  const answers: Record<string, unknown> = {
    "/api/handles/10.5281/zenodo.42": { values: [{ type: "URL", data: { value: "https://zenodo.org/records/42" } }] },
    "/api/records/42": { id: 42, created: "2020-01-02T03:04:05Z" },
    "/api/records/42/files": {
      entries: [
        {
          key: "requirements.txt",
          size: requirements.length,
          checksum: `md5:${createHash("md5").update(requirements).digest("hex")}`,
          links: { content: "https://zenodo.org/file" },
        },
      ],
    },
  };
  const answer = answers[request.url ?? ""];
  response.statusCode = answer === undefined && request.url !== "/file" ? 404 : 200;
  response.end(request.url === "/file" ? requirements : JSON.stringify(answer ?? {}));
});

beforeEach(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has such an address
  home = await mkdtemp(path.join(tmpdir(), "cli-record-"));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true });
});

async function plan(mirrors: Readonly<Record<string, string>>, ...args: string[]): Promise<Written> {
  const folder = path.join(home, ".config/repo2singularity");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "config.json"), JSON.stringify({ mirrors }));
  return runInHome(home, ["plan", ...args]);
}

test("plans a record by its DOI through the addresses of the mirrors table", async () => {
  const { status, stdout } = await plan({ doi: origin, zenodo: origin }, "doi:10.5281/zenodo.42");

  expect(status).toBe(0);
  expect(stdout).toContain("uses     requirements.txt");
});

test("a record that is not there and a ref where there is none end with one readable error", async () => {
  const missing = await plan({ doi: origin, zenodo: origin }, "https://zenodo.org/records/7");
  const withRef = await plan({ doi: origin, zenodo: origin }, "https://zenodo.org/records/42", "--ref", "v1");

  expect(missing).toMatchObject({ status: 1, stdout: "" });
  expect(missing.stderr).toMatch(
    /^error: http:\/\/127\.0\.0\.1:\d+\/api\/records\/7: answered 404\nhint: .+\n\(E_SOURCE_NOT_FOUND\)/,
  );
  expect(withRef).toMatchObject({ status: 2 });
  expect(withRef.stderr).toContain("(E_USAGE)");
});
