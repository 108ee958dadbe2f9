import { globExpression, hasWildcard } from "./glob.ts";

/** Paths of a tree that a source names, by the rules of `COPY`. */
export interface MatchedSource {
  readonly path: string;
  /** With `--parents`: where the part of the path begins that the copy keeps. */
  readonly pivot: string;
}

/**
 * A source as the path or pattern that it is, relative to its origin's root: `./a/../b/` is `b`, the root is empty.
 * A `/./` in it marks where kept parents begin. Paths above the root end at the root, as for every chroot.
 */
export function normalizeSource(source: string): MatchedSource {
  const pivotAt = source.indexOf("/./");
  const clean = (text: string): string => {
    const parts: string[] = [];
    for (const part of text.split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return parts.join("/");
  };
  return { path: clean(source), pivot: pivotAt < 0 ? "" : clean(source.slice(0, pivotAt)) };
}

/**
 * The paths among `paths` that a source matches, in their order; one without wildcards matches itself only.
 * Source: BuildKit `frontend/dockerfile/dockerfile2llb`, Go's path/filepath.Match
 */
export function matchSource(source: string, paths: readonly string[]): readonly string[] {
  const { path } = normalizeSource(source);
  if (path === "") return [""];
  if (!hasWildcard(path)) return paths.includes(path) ? [path] : [];
  const expression = new RegExp(`^${globExpression(path, { stopsAtSlash: true })}$`, "su");
  return paths.filter((one) => expression.test(one));
}
