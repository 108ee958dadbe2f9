import { access } from "node:fs";
import { runCli } from "./run-cli.ts";

// Both are set by bin/repo2singularity for this process alone: nothing that it starts keeps compiled code there.
delete process.env["NODE_COMPILE_CACHE"];
access("/", () => {}); // starts libuv's threads, which is when their number is read
delete process.env["UV_THREADPOOL_SIZE"];

// In the bundle a trace names the lines of the sources then; reading the maps takes too long for every start.
if (process.argv.includes("--debug")) process.setSourceMapsEnabled(true);

// Who reads no further, as `| head` does, ends the reading and not the work.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // `on`, not `once`: a lock library kills the process when it finds no other listener while the signal is handled.
  process.on(name, () => stop.abort(new DOMException(`ended by ${name}`, "AbortError")));
}

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  // when it is first asked for: an open standard input would keep the process from ending
  get stdin() {
    return process.stdin;
  },
  signal: stop.signal,
});
