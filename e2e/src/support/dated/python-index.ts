import { createHash } from "node:crypto";
import { storedZip } from "../stored-zip.ts";
import { type FileServer, type ServedFile, serveFiles } from "./serve-files.ts";

/** A release of a package: its version and when it was uploaded; `undefined` for an index that does not tell. */
export type Release = readonly [version: string, uploadTime: string | undefined];

/** Serves one package as a Python index. Source: PyPA, "Simple repository API", JSON (PEP 691, PEP 700) */
export function servePythonIndex(name: string, releases: readonly Release[]): Promise<FileServer> {
  return serveFiles((url) => {
    const wheels = releases.map(([version, uploadTime]) => ({ ...makeWheel(name, version), uploadTime }));
    const listed = wheels.map(({ filename, content, uploadTime }) => ({
      filename,
      url: `${url}/files/${filename}`,
      hashes: { sha256: createHash("sha256").update(content).digest("hex") },
      ...(uploadTime === undefined ? {} : { "upload-time": uploadTime }),
    }));
    const page = JSON.stringify({ meta: { "api-version": "1.1" }, name, files: listed, versions: [] });
    return new Map<string, ServedFile>([
      [`/simple/${name}/`, { type: "application/vnd.pypi.simple.v1+json", content: page }],
      ...wheels.map(({ filename, content }): [string, ServedFile] => [`/files/${filename}`, { content }]),
    ]);
  });
}

/** Source: PyPA, "Binary distribution format" */
function makeWheel(name: string, version: string): { readonly filename: string; readonly content: Buffer } {
  const info = `${name}-${version}.dist-info`;
  const texts: Readonly<Record<string, string>> = {
    [`${name}.py`]: `version = "${version}"\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: [`${name}.py`, `${info}/METADATA`, `${info}/WHEEL`, `${info}/RECORD`]
      .map((path) => `${path},,\n`)
      .join(""),
  };
  const files = Object.entries(texts).map(([path, text]): [string, Buffer] => [path, Buffer.from(text)]);
  return { filename: `${name}-${version}-py3-none-any.whl`, content: storedZip(files) };
}
