import { createHash } from "node:crypto";
import { type FileServer, type ServedFile, serveFiles } from "./serve-files.ts";

/** Which version of a package Debian had on a day, `YYYY-MM-DD`. */
export type Day = readonly [day: string, version: string];

/**
 * Serves one package of one release as snapshot.debian.org does, with lists that have long expired. The archive is not
 * signed: its sources must be trusted by name.
 * Source: Debian wiki, "Debian repository format"
 */
export function serveAptSnapshots(name: string, suite: string, days: readonly Day[]): Promise<FileServer> {
  return serveFiles(
    () =>
      new Map(
        days.flatMap(([day, version]): [string, ServedFile][] => {
          const folder = `/archive/debian/${day.replaceAll("-", "")}T235959Z/dists/${suite}`;
          const packages = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: Ann <ann@example.org>\nFilename: pool/${name}.deb\nSize: 1\nSHA256: ${"0".repeat(64)}\nDescription: a test\n`;
          const sha256 = createHash("sha256").update(packages).digest("hex");
          const past = new Date(Date.parse(day) - 86_400_000).toUTCString();
          const release = `Origin: Debian\nSuite: ${suite}\nCodename: ${suite}\nArchitectures: all\nComponents: main\nDate: ${past}\nValid-Until: ${past}\nSHA256:\n ${sha256} ${packages.length} main/binary-all/Packages\n`;
          return [
            [`${folder}/Release`, { content: release }],
            [`${folder}/main/binary-all/Packages`, { content: packages }],
          ];
        }),
      ),
  );
}
