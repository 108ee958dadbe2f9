import { enableCompileCache } from "node:module";

// Compiled sources are kept between runs: `--help` starts twice as fast. Nothing may be imported before this line runs.
enableCompileCache();

const { runCli } = await import("./run-cli.ts");

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => stop.abort(new DOMException(`ended by ${name}`, "AbortError")));
}

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
});
