import { readFileSync } from "node:fs";
import { resolvePath, type SourceTree } from "./source-tree.ts";

/**
 * The home of a user of a tree, as container engines set `HOME`: from the tree's own passwd file, by name or number.
 * @param user as in `USER`, a group behind a colon included; empty for root
 * @returns `/` for a user that the file does not have
 */
export function userHome(tree: SourceTree, user: string): string {
  const name = user.split(":")[0] ?? "";
  const wanted = name === "" ? "root" : name;
  const place = resolvePath(tree, "etc/passwd");
  const item = place === undefined ? undefined : tree.find(place);
  const text = item?.type === "file" ? readFileSync(item.host, "utf8") : "";
  const fields = text.split("\n").map((line) => line.split(":"));
  const found = fields.find(([login]) => login === wanted) ?? fields.find(([, , uid]) => uid === wanted);
  const home = found?.[5] ?? "";
  if (home.startsWith("/")) return home;
  return wanted === "root" || wanted === "0" ? "/root" : "/";
}
