export type { TreeEntry } from "./tree/entry.ts";
export { compareNames, hostPath } from "./tree/name-codec.ts";
export { parentPath } from "./tree/normalize-path.ts";
export { readHostFile, walkDirectory } from "./tree/walk-directory.ts";
