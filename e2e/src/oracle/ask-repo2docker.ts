import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { PlanDecision } from "./decision.ts";
import type { Shape } from "./shapes.ts";

interface Answer {
  readonly name: string;
  readonly buildpack: string | null;
  readonly error: string | null;
  readonly python: string | null;
  readonly julia: string | null;
  readonly requirements: boolean;
  readonly installsRepository: boolean;
  readonly apt: readonly string[];
  readonly postBuild: string | null;
  readonly start: string | null;
}

/** Their name for each family. */
const families: Readonly<Record<string, string>> = {
  CondaBuildPack: "conda",
  DockerBuildPack: "dockerfile",
  JuliaProjectTomlBuildPack: "julia",
  JuliaRequireBuildPack: "julia",
  LegacyBinderDockerBuildPack: "dockerfile",
  NixBuildPack: "nix",
  PipfileBuildPack: "pipfile",
  PythonBuildPack: "python",
  RBuildPack: "r",
};

/** What the real repo2docker decides; `undefined` where its plan needs a server that could not be reached. */
export async function askRepo2docker(
  python: string,
  shapes: readonly Shape[],
): Promise<ReadonlyMap<string, PlanDecision & { readonly needsNetwork: boolean }>> {
  const program = fileURLToPath(new URL("./ask-repo2docker.py", import.meta.url));
  const child = spawn(python, [program], { stdio: ["pipe", "pipe", "pipe"], timeout: 300_000 });
  child.stdin.end(JSON.stringify(shapes));
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (status !== 0) throw new Error(`the oracle ended with ${String(status)}: ${errors}`);
  const lines = output.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const answer = JSON.parse(line) as Answer; // written by the program beside this file
      return [answer.name, decisionOf(answer)];
    }),
  );
}

function decisionOf(answer: Answer): PlanDecision & { readonly needsNetwork: boolean } {
  const needsNetwork = /ConnectionError|Max retries/.test(answer.error ?? "");
  const { error, buildpack, python, julia, requirements, installsRepository, apt, postBuild, start } = answer;
  return {
    family: buildpack === null ? undefined : families[buildpack],
    isRefused: error !== null && !needsNetwork,
    python: python ?? undefined,
    julia: julia ?? undefined,
    requirements,
    installsRepository,
    apt,
    postBuild: postBuild ?? undefined,
    start: start ?? undefined,
    needsNetwork,
  };
}
