export { buildThroughDaemon, type DaemonBuilder, type DaemonDependencies } from "./daemon/build-through-daemon.ts";
export { findRepo2docker } from "./daemon/repo2docker-program.ts";
