import { convertImage } from "@repo2singularity/registry";

/** `node convert-image.ts SOURCE OUT`: our side of the benchmark `convert`, as a process of its own. */
const [source, out] = process.argv.slice(2);
if (source === undefined || out === undefined) throw new Error("usage: convert-image.ts SOURCE OUT");
await convertImage(source, out, { cwd: process.cwd() });
