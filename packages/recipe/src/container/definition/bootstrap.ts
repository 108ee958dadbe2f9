import { shellQuote } from "@repo2singularity/base";
import type { ContainerGroup, Stage } from "@repo2singularity/contracts";
import { type ConfigFile, invalidFile } from "../../detect/config-file.ts";
import { imageReference } from "../dockerfile/origin.ts";
import type { DefinitionStage } from "./parse-definition.ts";
import { stepEnvironment } from "./step-environment.ts";

/** Where a stage of a definition file starts. */
export interface Bootstrap {
  readonly base: Stage["base"];
  /** Packages that the header asks for, installed first. */
  readonly groups: readonly ContainerGroup[];
}

/**
 * The base of a stage, by its headers.
 * @throws E_RECIPE_FILE_INVALID for headers that cannot be understood
 * Source: Apptainer user guide, "Build Modules"
 */
export function planBootstrap(stage: DefinitionStage, file: ConfigFile): Bootstrap {
  const { headers, line } = stage;
  const fail = (problem: string, hint?: string): Error =>
    invalidFile(file.path, problem, hint === undefined ? { line } : { line, hint });
  const agent = headers["bootstrap"]?.toLowerCase() ?? "";
  const from = headers["from"] ?? "";
  const needFrom = (): string => {
    if (from === "") throw fail(`Bootstrap: ${agent} needs a From: line`);
    return from;
  };
  const signers = readSigners(headers["fingerprints"], agent, fail);
  const image = (reference: string): Bootstrap => ({
    base: { kind: "image", reference, ...(signers.length === 0 ? {} : { signers: [...signers] }) },
    groups: [],
  });
  switch (agent) {
    case "scratch":
      return { base: { kind: "scratch" }, groups: [] };
    case "docker":
      return image(imageReference(dockerName(needFrom(), headers), { path: file.path, line }));
    case "docker-archive":
    case "oci":
    case "oci-archive":
      return image(`${agent}:${localPath(needFrom(), fail)}`);
    case "localimage":
      return image(localPath(needFrom(), fail));
    case "debootstrap":
      return debootstrap(stage, fail);
    case "library":
      return image(libraryReference(serverPath(needFrom(), fail), headers, fail));
    case "shub":
    case "oras":
      return image(`${agent}://${serverPath(needFrom(), fail)}`);
    case "docker-daemon":
      return image(`docker-daemon:${serverPath(needFrom(), fail)}`);
    default:
      throw fail(
        `Bootstrap: ${agent} is not supported`,
        "use docker, docker-archive, docker-daemon, oci, oci-archive, library, oras, shub, localimage, debootstrap or scratch",
      );
  }
}

/** Agents whose images are SIFs. */
const signedAgents: ReadonlySet<string> = new Set(["library", "localimage", "oras", "shub"]);

/**
 * The keys that the header names, lower case and each once. Apptainer passes over the header of images that nobody can
 * sign, whose writer may think that they are checked.
 */
function readSigners(header: string | undefined, agent: string, fail: Fail): readonly string[] {
  const written = (header?.split("#")[0] ?? "").split(",").map((one) => one.trim());
  const signers = written.filter((one) => one !== "").map((one) => one.toLowerCase());
  const wrong = signers.find((one) => !/^[0-9a-f]{40}$/.test(one));
  if (wrong !== undefined) {
    throw fail(`Fingerprints: ${wrong} is no fingerprint of a PGP key`, "write its 40 hexadecimal digits");
  }
  if (signers.length > 0 && !signedAgents.has(agent)) {
    throw fail(
      `Fingerprints: are of keys that signed a SIF, and Bootstrap: ${agent} takes none`,
      `only ${[...signedAgents].join(", ")} do; pin an image of a registry with its digest: From: NAME@sha256:…`,
    );
  }
  return [...new Set(signers)];
}

function dockerName(from: string, headers: DefinitionStage["headers"]): string {
  const name = from.replace(/^(?:docker:)?\/\//, "");
  const parts = [headers["registry"], headers["namespace"], name].filter((part) => part !== undefined && part !== "");
  return parts.join("/");
}

type Fail = (problem: string, hint?: string) => Error;

/** What follows `//` in a reference to a server. */
function serverPath(from: string, fail: Fail): string {
  const path = from.replace(/^(?:[a-z]+:)?\/\//, "");
  if (/^[A-Za-z0-9][\w.:/@+-]*$/.test(path)) return path;
  throw fail(`${JSON.stringify(from)} is no image's name`);
}

/** `Library:` names a server for a name without one; its API counts the parts of a name, so they are filled up. */
function libraryReference(path: string, headers: DefinitionStage["headers"], fail: Fail): string {
  const { library } = headers;
  if (library === undefined || path.split("/").length > 3) return `library://${path}`;
  const host = /^(?:https:\/\/|http:\/\/(?=(?:localhost|127\.0\.0\.1)(?:[:/]|$)))?([A-Za-z0-9.-]+(?::\d+)?)\/?$/.exec(
    library,
  )?.[1];
  if (host === undefined) {
    throw fail(`Library: ${library} is no https URL of a host`, "a server without TLS is asked on this machine only");
  }
  const parts = ["library", "default"].slice(0, 3 - path.split("/").length);
  return `library://${[host, ...parts, path].join("/")}`;
}

/** A file of the repository: what a definition file may name is no file of the machine that builds it. */
function localPath(from: string, fail: (problem: string, hint?: string) => Error): string {
  const path = from.replace(/^\.\//, "");
  if (!path.startsWith("/") && !path.split("/").includes("..")) return path;
  throw fail(
    `From: ${from} is not in the repository`,
    `name the file yourself with --build-context ${from}=${from}, or put it into the repository`,
  );
}

function debootstrap(stage: DefinitionStage, fail: (problem: string, hint?: string) => Error): Bootstrap {
  const { osversion = "", mirrorurl, include = "" } = stage.headers;
  if (!/^[a-z][a-z0-9]{1,30}$/.test(osversion)) throw fail(`OSVersion: "${osversion}" is no name of a release`);
  if (mirrorurl !== undefined && !/^https?:\/\/[^\s@]+$/.test(mirrorurl))
    throw fail(`MirrorURL: ${mirrorurl} is no http URL`);
  const packages = include.split(/[\s,]+/).filter((name) => name !== "");
  const wrong = packages.find((name) => !/^[a-z0-9][a-z0-9.+-]*$/.test(name));
  if (wrong !== undefined) throw fail(`Include: ${wrong} is no package's name`);
  const mirror = mirrorurl === undefined ? "" : `@${mirrorurl.replace(/\/+$/, "")}`;
  const base = { kind: "image", reference: `debootstrap:${osversion}${mirror}` } as const;
  return { base, groups: packages.length === 0 ? [] : [includeGroup(packages, stage.line)] };
}

function includeGroup(packages: readonly string[], line: number): ContainerGroup {
  const title = `Include: ${packages.join(" ")}`;
  const names = packages.map((name) => shellQuote(name)).join(" ");
  const script = `apt-get update\napt-get install -y --no-install-recommends ${names}\n`;
  return {
    line,
    title,
    steps: [
      {
        kind: "run",
        title,
        argv: ["/bin/sh", "-e"],
        script,
        env: { ...stepEnvironment({}), DEBIAN_FRONTEND: "noninteractive" },
        cwd: "/",
        user: "",
        network: true,
        mounts: [],
      },
    ],
  };
}
