import { buffer } from "node:stream/consumers";
import type { HttpAnswer, HostSettings } from "@repo2singularity/build";

/** Public addresses that a machine without a setting uses. */
const publicDefaults = {
  python: "https://pypi.org/simple/",
  npm: "https://registry.npmjs.org/",
  debian: "http://deb.debian.org/debian",
  debianSecurity: "http://deb.debian.org/debian-security",
  ubuntu: "http://archive.ubuntu.com/ubuntu",
} as const;

export type MirroredArchive = keyof typeof publicDefaults;

/** A package mirror: each archive lies in a folder of its name, and indexes name only addresses of the mirror. */
export interface Mirror {
  /** Where the mirror itself gets a path of it from, or `undefined` for a path that it does not have. */
  upstreamOf(path: string): string | undefined;
  /** The body with every outside address that it names led through the mirror. */
  rewrite(answer: HttpAnswer): AsyncIterable<Uint8Array>;
}

const passedOn = "to"; // folder under which files of any host lie that an index names

/**
 * A mirror of what this machine reaches, by its own mirrors where it has some.
 * @param address root of the mirror, without a slash at the end
 */
export function makeMirror(address: string, machine: HostSettings): Mirror {
  const roots: Readonly<Record<string, string>> = {
    ...publicDefaults,
    ...Object.fromEntries(Object.entries(machine.archives).map(([kind, { uri }]) => [kind, uri])),
    ...(machine.python.indexUrl === undefined ? {} : { python: machine.python.indexUrl }),
    ...(machine.npm.registry === undefined ? {} : { npm: machine.npm.registry }),
  };
  return {
    upstreamOf: (path) => {
      const [folder = "", ...rest] = path.replace(/^\//, "").split("/");
      if (folder === passedOn) return `${rest[0]}://${rest.slice(1).join("/")}`;
      const root = roots[folder];
      return root === undefined ? undefined : `${root.replace(/\/$/, "")}/${rest.join("/")}`;
    },
    rewrite: (answer) => (/json|html/.test(answer.contentType) ? rewriteText(answer, address) : answer.body),
  };
}

/** Package files of the public indexes, and those that the index names relative to itself. */
async function* rewriteText(answer: HttpAnswer, address: string): AsyncGenerator<Uint8Array> {
  const text = (await buffer(answer.body)).toString();
  const throughMirror = (url: URL): string =>
    `${address}/${passedOn}/${url.protocol.slice(0, -1)}/${url.host}${url.pathname}${url.search}${url.hash}`;
  yield Buffer.from(
    text
      .replaceAll(/(?<=")https?:\/\/[^"]+\.(?:whl|tar\.gz|tgz|zip)(?:#[^"]*)?(?=")/g, (url) =>
        throughMirror(new URL(url)),
      )
      .replaceAll(/(?<=href="|"url":\s?")(?!https?:)[^"#]+\.(?:whl|tar\.gz|zip)(?:#[^"]*)?(?=")/g, (path) =>
        throughMirror(new URL(path, answer.url)),
      ),
  );
}
