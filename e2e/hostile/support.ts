import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { containerRepository } from "../src/support/container-repository.ts";
import { type Ended, repo2singularity } from "../src/support/program.ts";
import { leastUser, type User, withOwnCache } from "../src/support/users.ts";

/** Who is attacked: the user with the fewest rights. */
export const victim: User = withOwnCache(leastUser());

/** One readable error: a code, a sentence, no stack, and the exit status of a refusal. */
export function expectRefused(ended: Ended, code: string, ...texts: readonly string[]): void {
  expect(ended.stderr).toContain(`(${code})`);
  expect(ended.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
  for (const text of texts) expect(ended.stderr).toContain(text);
  expect(ended.status).toBeGreaterThan(0);
}

/** Plans a repository upon a base that needs neither network nor cache. */
export function plan(...words: readonly string[]): Promise<Ended> {
  return repo2singularity(victim, ["plan", "--base", "debootstrap:trixie", ...words]);
}

/** What a build of a Dockerfile over busybox did, and the image. */
export interface HostileBuild extends Ended {
  readonly image: string;
  readonly repository: string;
}

/**
 * Builds a Dockerfile, which may name `base`: steps run as those of every family do.
 * @param prepare what is laid into the repository besides files
 */
export async function buildDockerfile(
  dockerfile: string,
  options: {
    readonly files?: Readonly<Record<string, string>>;
    readonly prepare?: (repository: string) => void;
    readonly flags?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly user?: User;
  } = {},
): Promise<HostileBuild> {
  const { user = victim } = options;
  const { repository, base } = await containerRepository(user, { ...options.files, Dockerfile: dockerfile });
  options.prepare?.(repository);
  const name = `hostile-${path.basename(path.dirname(repository))}`;
  const flags = ["--debug", "--image-name", name, "--build-context", `base=${base}`, ...(options.flags ?? [])];
  const ended = await repo2singularity(user, [...flags, repository], { env: options.env ?? {} });
  const stderr = ended.stderr.replaceAll(/^ +at .*\n/gm, ""); // --debug shows stacks, which are not what is tested
  return { ...ended, stderr, image: path.join(user.home, `${name}.sif`), repository };
}

/** A file whose being there would show that a repository ran something on the machine itself. */
export const trace: string = path.join(victim.home, "trace-of-an-attack");

/** Fails when anything of a repository ran outside a step. */
export function expectNothingRan(): void {
  expect(existsSync(trace) ? readFileSync(trace, "utf8") : undefined).toBeUndefined();
}
