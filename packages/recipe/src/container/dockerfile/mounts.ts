import { posix } from "node:path";
import type { StepMount } from "@repo2singularity/contracts";
import { fileProblem } from "./file-problem.ts";
import { originOf } from "./origin.ts";
import type { Instruction } from "./parse-dockerfile.ts";
import { placeOf, type StageContext, type StageState } from "./stage-state.ts";

/** Options of mounts that change nothing in an image whose files have one owner. */
const ownerOptions = ["mode", "uid", "gid"];

const options: Readonly<Record<string, readonly string[]>> = {
  bind: ["source", "src", "target", "dst", "destination", "from", "rw", "readwrite", "ro", "readonly"],
  cache: ["id", "target", "dst", "destination", "ro", "readonly", "sharing", ...ownerOptions],
  tmpfs: ["target", "dst", "destination", "size"],
  secret: ["id", "target", "dst", "destination", "required", "env", "source", "src", ...ownerOptions],
  ssh: ["id", "target", "dst", "destination", "required", ...ownerOptions],
};

/**
 * Parses the value of `RUN --mount=`, its variables filled in.
 * @returns `undefined` for the socket of an ssh agent, when the step can do without
 * @throws E_RECIPE_FILE_INVALID
 */
export function mountOf(
  text: string,
  instruction: Instruction,
  { state, context }: { readonly state: StageState; readonly context: StageContext },
): StepMount | undefined {
  const place = placeOf(instruction, context);
  const fields = new Map(
    text.split(",").map((part): [string, string] => {
      const [name = "", ...value] = part.trim().split("=");
      return [name.toLowerCase(), value.join("=")];
    }),
  );
  const type = fields.get("type") ?? "bind";
  fields.delete("type");
  const known = options[type];
  if (known === undefined) throw fileProblem(place, `--mount=type=${type}: there is no such type`);
  const unknown = [...fields.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw fileProblem(place, `--mount=type=${type}: ${unknown} is not supported`);
  const written = fields.get("target") ?? fields.get("dst") ?? fields.get("destination");
  const target = written === undefined ? undefined : posix.resolve(state.config.workingDir, written);
  switch (type) {
    case "secret":
      return secretOf(fields, target, place);
    case "ssh":
      if (!isTrue(fields.get("required"), "false")) return undefined;
      throw fileProblem(
        place,
        "--mount=type=ssh: no agent's socket reaches build steps",
        "use a token as --mount=type=secret",
      );
    case "tmpfs":
      return { kind: "tmpfs", target: needTarget(target, type, place) };
    case "cache": {
      const folder = needTarget(target, type, place);
      return { kind: "cache", id: fields.get("id") ?? folder, target: folder };
    }
    default: {
      const from = fields.get("from");
      const source = posix.normalize(fields.get("source") ?? fields.get("src") ?? ".").replace(/^\/+|\/+$/g, "");
      if (source === ".." || source.startsWith("../")) throw fileProblem(place, `--mount: ${source} is outside`);
      return {
        kind: "bind",
        from: from === undefined ? { kind: "context" } : originOf(from, instruction, context),
        source: source === "" ? "." : source,
        target: needTarget(target, type, place),
      };
    }
  }
}

function secretOf(
  fields: ReadonlyMap<string, string>,
  target: string | undefined,
  place: Parameters<typeof fileProblem>[0],
): StepMount {
  const variable = fields.get("env");
  const id = fields.get("id") ?? (target === undefined ? variable : posix.basename(target));
  if (id === undefined || id === "") throw fileProblem(place, "--mount=type=secret: id is missing");
  const file = target ?? (variable === undefined ? `/run/secrets/${id}` : undefined);
  return {
    kind: "secret",
    id,
    isRequired: isTrue(fields.get("required"), "true"), // a build that needs a token fails late and oddly without it
    ...(file === undefined ? {} : { target: file }),
    ...(variable === undefined ? {} : { variable }),
  };
}

function needTarget(target: string | undefined, type: string, place: Parameters<typeof fileProblem>[0]): string {
  if (target === undefined || target === "/") throw fileProblem(place, `--mount=type=${type}: target is missing`);
  return target;
}

/** An option that is there without a value is true. */
function isTrue(value: string | undefined, byDefault: string): boolean {
  return ["true", "1", ""].includes(value ?? byDefault);
}
