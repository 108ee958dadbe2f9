/** Where channels are that have only a name. */
const channelRoot = "https://conda.anaconda.org";

/** What the name `defaults` stands for on Linux. Source: conda, `default_channels` */
const defaultChannels = ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"];

/** The channel of an environment that names none; repo2docker's `.condarc` has just this one. */
const fallback = "conda-forge";

/**
 * Addresses of the channels of an environment.
 * @param names as in `channels:` of an environment file. conda-forge comes last where it is not named, as conda adds the
 * channels of its settings; `nodefaults` says that it must not
 * @param specs whose own channels (`channel::package`) are asked too, after the others
 */
export function channelUrls(names: readonly string[], specs: readonly string[] = []): readonly string[] {
  const isClosed = names.includes("nodefaults");
  const own = specs.map((spec) => /^\s*(?<channel>\S+?)::/.exec(spec)?.groups?.["channel"]);
  const all = [...names.filter((name) => name !== "nodefaults"), ...own, ...(isClosed ? [] : [fallback])];
  return [...new Set(all.filter((name) => name !== undefined).flatMap(channelUrl))];
}

function channelUrl(name: string): readonly string[] {
  const bare = name.replace(/\/+$/, "").replace(/\/(?:linux-64|linux-aarch64|noarch)$/, "");
  if (bare === "defaults") return defaultChannels;
  return [/^[a-z][a-z0-9+.-]*:\/\//i.test(bare) ? bare : `${channelRoot}/${bare}`];
}

/** The folder of a channel with the packages of a platform. */
export function subdirOf(platform: "linux/amd64" | "linux/arm64"): "linux-64" | "linux-aarch64" {
  return platform === "linux/amd64" ? "linux-64" : "linux-aarch64";
}
