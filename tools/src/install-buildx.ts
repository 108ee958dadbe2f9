import { existsSync } from "node:fs";
import { addUnstable, unpackUnstable } from "./debian-unstable.ts";

/** Where Debian's package has the plugin. */
const plugin = "/usr/libexec/docker/cli-plugins/docker-buildx";

/**
 * Installs docker's plugin buildx of Debian's unstable suite as root: older releases have docker without it, and the real
 * repo2docker builds with nothing else. It is one program without dependencies.
 */
export function ensureBuildx(): void {
  if (existsSync(plugin)) return;
  console.error("setup: adding docker's plugin buildx from Debian's unstable suite");
  addUnstable();
  unpackUnstable({ "docker-buildx": "/" });
}
