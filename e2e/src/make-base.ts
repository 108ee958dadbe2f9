import { processRunner, processStreamer } from "@repo2singularity/base";
import { localFiles, openHttpClient, readHostSettings, resolveBase } from "@repo2singularity/build";
import { openStore } from "@repo2singularity/store";

/** `make-base.ts REFERENCE STORE` makes a base as the user who runs it, and prints what came out as one line of JSON. */
const [reference = "auto", directory = ""] = process.argv.slice(2);
const host = { env: process.env, homeDir: process.env["HOME"] ?? "/", ...localFiles, runner: processRunner };
const settings = await readHostSettings(host);
await using client = openHttpClient(settings);
await using store = await openStore({ directory });
const base = await resolveBase(reference, {
  store,
  client,
  settings,
  host: {
    runner: processRunner,
    path: process.env["PATH"] ?? "",
    processor: process.arch,
    uid: process.getuid?.() ?? 0,
    tmpDir: process.env["TMPDIR"] ?? "/tmp",
  },
  platform: process.arch === "arm64" ? "linux/arm64" : "linux/amd64",
  format: { compression: "zstd", level: 3, blockSizeBytes: 131_072 },
  docker: { runner: processRunner, streamer: processStreamer, env: process.env },
  cwd: process.cwd(),
  now: Date.now,
});
process.stdout.write(`${JSON.stringify(base)}\n`);
