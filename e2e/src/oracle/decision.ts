/** What a tool makes of a repository, as far as both tools can say it. */
export interface PlanDecision {
  /** `python`, `conda`, `pipfile`, `julia`, `r`, `nix`, `dockerfile`, `definition`; undefined after an error before it. */
  readonly family: string | undefined;
  /** Whether the plan is refused. */
  readonly isRefused: boolean;
  /** Major and minor version. */
  readonly python: string | undefined;
  readonly requirements: boolean;
  readonly installsRepository: boolean;
  readonly apt: readonly string[];
  readonly postBuild: string | undefined;
  readonly start: string | undefined;
}
