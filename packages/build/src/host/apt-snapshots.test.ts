import { expect, test } from "vitest";
import { parseBaseReference } from "../base/base-reference.ts";
import { snapshotSources } from "./apt-snapshots.ts";

const sources = [
  {
    path: "/etc/apt/sources.list.d/debian.sources",
    text: "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://deb.debian.org/debian-security\nSuites: bookworm-security\n",
  },
  { path: "/etc/apt/sources.list.d/other.list", text: "deb https://apt.example.com/x stable main\n" },
];

test("a mirror of archives of the past takes the place of the base's archives, and of no other", () => {
  const [debian, other] = snapshotSources(sources, "2024-05-01", { debianSnapshot: "http://127.0.0.1:1/archive/" });

  expect(debian?.text).toBe(
    "Types: deb\nURIs: http://127.0.0.1:1/archive/debian/20240501T235959Z\nSuites: bookworm bookworm-updates\nSigned-By: /k.gpg\n\nTypes: deb\nURIs: http://127.0.0.1:1/archive/debian-security/20240501T235959Z\nSuites: bookworm-security\n",
  );
  expect(other).toEqual(sources[1]);
});

test("without such a mirror the sources of the image itself count", () => {
  expect(snapshotSources(sources, "2024-05-01", { debian: "http://127.0.0.1:1/debian" })).toEqual([]);
});

test("a bootstrapped base can name a day where another names its mirror", () => {
  expect(parseBaseReference("debootstrap:bookworm@2024-05-01", "/")).toEqual({
    kind: "debootstrap",
    suite: "bookworm",
    day: "2024-05-01",
  });
  expect(parseBaseReference("debootstrap:bookworm@http://x/debian", "/")).toMatchObject({ mirror: "http://x/debian" });
});
