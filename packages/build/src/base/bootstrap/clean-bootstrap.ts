import type { TreeEntry } from "@repo2singularity/image";
import { softwareTimeSeconds } from "../../pipeline/group-key.ts";
import { contentOf } from "../observe-base.ts";
import { type BootstrapRelease, publicArchiveUri } from "./suites.ts";

/** What bootstrapping leaves of itself and of this machine. */
const leftovers: readonly RegExp[] = [
  /^etc\/apt\/apt\.conf\.d\/99mmdebstrap$/,
  /^etc\/dpkg\/dpkg\.cfg\.d\/99mmdebstrap$/,
  /^etc\/apt\/sources\.list(?:\.d\/.*)?$/,
  /^etc\/(?:hostname|hosts|resolv\.conf)$/,
  /^etc\/\.pwd\.lock$/,
  /^etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^var\/log\/.*/,
  /^var\/cache\/(?!debconf\/?)[^/]+\/.*/,
  /^var\/cache\/debconf\/.*-old$/,
  /^var\/lib\/apt\/lists\/.*/,
  /^var\/lib\/dpkg\/(?:.*-old|lock|lock-frontend|triggers\/Lock)$/,
];

const keyrings: Readonly<Record<BootstrapRelease["distribution"], readonly string[]>> = {
  debian: ["usr/share/keyrings/debian-archive-keyring.pgp", "usr/share/keyrings/debian-archive-keyring.gpg"],
  ubuntu: ["usr/share/keyrings/ubuntu-archive-keyring.gpg"],
};

/**
 * The entries of a bootstrapped tree without logs, caches and backups, and with the public archives as its apt
 * sources: whatever mirror, host name and name server this machine has, none of it is in the base.
 * Empty folders stay. Logs that programs expect to find (`lastlog`, `wtmp`) come back when they are written to.
 */
export async function* cleanBootstrap(
  entries: AsyncIterable<TreeEntry>,
  release: BootstrapRelease,
  architecture: string,
): AsyncGenerator<TreeEntry, void, undefined> {
  const found = new Set<string>();
  for await (const entry of entries) {
    if (entry.type !== "directory" && leftovers.some((pattern) => pattern.test(entry.path))) continue;
    if (keyrings[release.distribution].includes(entry.path)) found.add(entry.path);
    yield entry;
  }
  const keyring = keyrings[release.distribution].find((path) => found.has(path));
  yield textFile("etc/hostname", "localhost\n");
  yield textFile(
    `etc/apt/sources.list.d/${release.distribution}.sources`,
    formatSources(release, architecture, keyring),
  );
}

/** The release's archives as deb822 stanzas, one for each address. Source: sources.list(5). */
export function formatSources(release: BootstrapRelease, architecture: string, keyring: string | undefined): string {
  const suitesByUri = new Map<string, string[]>();
  for (const source of release.sources) {
    const uri = publicArchiveUri(source, architecture);
    suitesByUri.set(uri, [...(suitesByUri.get(uri) ?? []), source.suite]);
  }
  const stanzas = [...suitesByUri].map(([uri, suites]) =>
    [
      "Types: deb",
      `URIs: ${uri}`,
      `Suites: ${suites.join(" ")}`,
      `Components: ${release.components.join(" ")}`,
      ...(keyring === undefined ? [] : [`Signed-By: /${keyring}`]),
    ].join("\n"),
  );
  return `${stanzas.join("\n\n")}\n`;
}

function textFile(path: string, text: string): TreeEntry {
  const bytes = Buffer.from(text);
  return {
    path,
    type: "file",
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: softwareTimeSeconds,
    sizeBytes: bytes.length,
    content: contentOf(bytes),
  };
}
