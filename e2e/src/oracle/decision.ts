/** The stable releases of Julia in the list that the oracle's program gives to repo2docker. */
export const juliaReleases = ["1.0.5", "1.6.0", "1.6.7", "1.7.3", "1.9.4", "1.10.4", "1.10.10", "1.11.0"] as const;

/** What a tool makes of a repository, as far as both tools can say it. */
export interface PlanDecision {
  /** `python`, `conda`, `pipfile`, `julia`, `r`, `nix`, `dockerfile`, `definition`; undefined after an error before it. */
  readonly family: string | undefined;
  /** Whether the plan is refused. */
  readonly isRefused: boolean;
  /** Major and minor version. */
  readonly python: string | undefined;
  /** The release that is installed; of several that fit, chosen from {@link juliaReleases}. */
  readonly julia: string | undefined;
  readonly requirements: boolean;
  readonly installsRepository: boolean;
  readonly apt: readonly string[];
  readonly postBuild: string | undefined;
  readonly start: string | undefined;
}
