import { createHash } from "node:crypto";
import type { Pipfile } from "./pipfile.ts";

/**
 * The digest of a Pipfile that pipenv writes into its lock, to see whether the one was changed after the other.
 * @returns sha256 in lower-case hexadecimal
 * Source: plette, `pipfiles.py`, `Pipfile.get_hash`
 */
export function pipfileSha256({ content, categories }: Pipfile): string {
  const source = content["source"] ?? [{ url: "https://pypi.org/simple", verify_ssl: true, name: "pypi" }];
  const data = {
    _meta: { sources: source, requires: content["requires"] ?? {} },
    default: content["packages"] ?? {},
    develop: content["dev-packages"] ?? {},
    ...Object.fromEntries(categories.map((name) => [name, content[name]])),
  };
  return createHash("sha256").update(pythonJson(data)).digest("hex");
}

/** JSON as Python's `json.dumps(…, sort_keys=True, separators=(",", ":"))` writes it: ASCII only. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, entry]) => `${pythonJson(key)}:${pythonJson(entry)}`).join(",")}}`;
  }
  const text = JSON.stringify(value) ?? "null";
  return text.replaceAll(/[\u007f-\uffff]/g, (character) => {
    return character === "\u007f" ? character : String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
