import { join } from "node:path";
import { type HostReader, variable, words } from "./host-reader.ts";
import { type IniSections, parseIni } from "./ini.ts";
import type { PartialIndexSettings } from "./python-index.ts";

/** What pip's own files and variables say about its network. */
export interface PipSettings {
  readonly index: PartialIndexSettings;
  /** A CA bundle of this machine. */
  readonly certPath?: string;
  readonly proxyUrl?: string;
}

/**
 * Reads the settings pip would use on this machine: global, user, virtual environment and `PIP_CONFIG_FILE`
 * files, then variables; later ones win. Only what concerns the network is taken, since other settings, such as
 * a target folder, are for this machine's own installs.
 * Source: pip documentation, "Configuration", "Location" and "Precedence".
 */
export async function readPipSettings(host: HostReader): Promise<PipSettings> {
  const settings = new Map<string, string>();
  for (const path of configPaths(host)) {
    const text = await host.readFile(path);
    if (text !== undefined) addFile(settings, parseIni(text));
  }
  for (const [name, value] of Object.entries(host.env)) {
    if (!name.startsWith("PIP_") || value === undefined || value === "") continue;
    settings.set(name.slice("PIP_".length).toLowerCase().replaceAll("_", "-"), value);
  }
  return fromSettings(settings, host.homeDir);
}

function configPaths(host: HostReader): readonly string[] {
  const explicit = variable(host.env, "PIP_CONFIG_FILE");
  if (explicit === "/dev/null") return []; // pip's documented way to have no configuration file at all
  const xdgDirs = (variable(host.env, "XDG_CONFIG_DIRS") ?? "/etc/xdg").split(":").filter((dir) => dir !== "");
  const venv = variable(host.env, "VIRTUAL_ENV", "CONDA_PREFIX");
  return [
    ...xdgDirs.toReversed().map((dir) => join(dir, "pip/pip.conf")),
    "/etc/pip.conf",
    join(host.homeDir, ".pip/pip.conf"),
    join(variable(host.env, "XDG_CONFIG_HOME") ?? join(host.homeDir, ".config"), "pip/pip.conf"),
    ...(venv === undefined ? [] : [join(venv, "pip.conf")]),
    ...(explicit === undefined ? [] : [explicit]),
  ];
}

/** The `install` section wins over `global`, as it does in `pip install`. */
function addFile(settings: Map<string, string>, sections: IniSections): void {
  for (const name of ["global", "install"]) {
    for (const [key, value] of sections.get(name) ?? []) settings.set(key, value);
  }
}

function fromSettings(settings: ReadonlyMap<string, string>, homeDir: string): PipSettings {
  const text = (key: string): string | undefined => settings.get(key)?.trim() || undefined;
  const indexUrl = text("index-url") ?? text("pypi-url");
  const timeoutSeconds = Number(text("timeout") ?? text("default-timeout"));
  const certPath = text("cert");
  const proxyUrl = text("proxy");
  return {
    index: {
      ...(indexUrl === undefined ? {} : { indexUrl }),
      extraIndexUrls: words(settings.get("extra-index-url")),
      findLinks: words(settings.get("find-links")).map((link) => expandHome(link, homeDir)),
      noIndex: isTrue(text("no-index")),
      trustedHosts: words(settings.get("trusted-host")),
      ...(timeoutSeconds > 0 ? { timeoutSeconds } : {}),
    },
    ...(certPath === undefined ? {} : { certPath: expandHome(certPath, homeDir) }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
  };
}

function isTrue(value: string | undefined): boolean {
  return ["1", "true", "yes", "on", "y", "t"].includes((value ?? "").toLowerCase());
}

function expandHome(path: string, homeDir: string): string {
  return path.startsWith("~/") ? join(homeDir, path.slice(2)) : path;
}
