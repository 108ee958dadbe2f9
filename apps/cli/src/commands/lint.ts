import { readFile } from "node:fs/promises";
import { processRunner } from "@repo2singularity/base";
import { askAptIndex, lintCheckout, parseOsRelease } from "@repo2singularity/build/lint";
import type { Finding } from "@repo2singularity/recipe/lint";
import { askedWishes } from "../build-choices.ts";
import { parseBuildArgs, splitRepositoryFile } from "../container-flags.ts";
import type { HostIo } from "../host-io.ts";
import type { PlanFlags } from "../options.ts";
import { hostPlatform, openCheckout, openWorkbench } from "../workbench.ts";

/**
 * `lint`: what of a repository will fail, and what to do about it, before anything is built.
 * @returns 1 when there is an error among the findings
 */
export async function lint(repo: string, given: PlanFlags & { readonly json?: boolean }, io: HostIo): Promise<number> {
  const { repo: place, flags } = await splitRepositoryFile(repo, given, io);
  await using bench = await openWorkbench(flags, io);
  const checkout = await openCheckout(place, flags, bench, io);
  const { definition, target } = flags;
  const findings = await lintCheckout(checkout, {
    platform: hostPlatform(),
    python: flags.python,
    compat: flags.compat,
    wishes: askedWishes(bench, flags),
    container: { definition, target, buildArgs: parseBuildArgs(flags.buildArg, io.env) },
    nowMs: Date.now(),
    askApt: async (names, codename) =>
      askAptIndex(names, codename, {
        runner: processRunner,
        env: io.env,
        codename: await ownCodename(),
        signal: io.signal,
      }),
  });
  io.stdout.write(flags.json === true ? `${JSON.stringify(findings, undefined, 2)}\n` : formatFindings(findings));
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

async function ownCodename(): Promise<string> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => ""); // a machine without one is of no release
  return parseOsRelease(text).codename;
}

function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map(({ rule, severity, path, line, message, hint }) => {
    const place = path === undefined ? "" : `${path}${line === undefined ? "" : `:${line}`}: `;
    return `${place}${severity}: ${message} (${rule})\n  ${hint}\n`;
  });
  const count = (severity: Finding["severity"]): number => findings.filter((one) => one.severity === severity).length;
  return `${lines.join("")}${counted(count("error"), "error")}, ${counted(count("warning"), "warning")}, ${counted(count("note"), "note")}\n`;
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
