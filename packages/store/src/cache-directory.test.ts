import { expect, test } from "vitest";
import { defaultCacheDirectory } from "./cache-directory.ts";

test("the cache lies where XDG_CACHE_HOME says, then where apptainer's cache lies, then in the home folder", () => {
  const all = { XDG_CACHE_HOME: "/x", APPTAINER_CACHEDIR: "/a", SINGULARITY_CACHEDIR: "/s" };

  expect(defaultCacheDirectory(all, "/home/u")).toBe("/x/repo2singularity");
  expect(defaultCacheDirectory({ ...all, XDG_CACHE_HOME: undefined }, "/home/u")).toBe("/a/repo2singularity");
  expect(defaultCacheDirectory({ SINGULARITY_CACHEDIR: "/s" }, "/home/u")).toBe("/s/repo2singularity");
  expect(defaultCacheDirectory({}, "/home/u")).toBe("/home/u/.cache/repo2singularity");
});

test("a relative or empty variable is ignored", () => {
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: "cache", APPTAINER_CACHEDIR: "" }, "/h")).toBe(
    "/h/.cache/repo2singularity",
  );
});
