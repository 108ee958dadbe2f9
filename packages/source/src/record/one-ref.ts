import { AppError } from "@repo2singularity/base";

/**
 * The one version or ref that is wanted, out of the spec's own and the one asked for beside it.
 * @throws E_USAGE when both are given and differ
 */
export function oneRef(own: string | undefined, asked: string | undefined, shown: string): string | undefined {
  if (own === undefined || asked === undefined || own === asked) return own ?? asked;
  throw new AppError("E_USAGE", `${shown} means "${own}" already, and --ref asks for "${asked}"`, {
    hint: "leave one of them out",
  });
}

/** @throws E_USAGE when a ref is asked of a place that has none */
export function refuseRef(asked: string | undefined, shown: string, hint: string): void {
  if (asked === undefined) return;
  throw new AppError("E_USAGE", `${shown} has no branches, tags or versions that --ref could name`, { hint });
}
