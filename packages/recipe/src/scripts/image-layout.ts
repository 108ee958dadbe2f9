/** Where things lie in every image. Absolute paths without a trailing slash. */
export const imageLayout = {
  /** The repository. */
  repo: "/srv/repo",
  /** The user's Python environment: `python` and `pip` on PATH. */
  environment: "/srv/env",
  /** The Jupyter server's environment; a link to `environment` once the two are joined. */
  server: "/srv/jupyter",
  /** Wrappers that stand first on PATH: `jupyter`, `jupyter-lab`, `ipython`, `node`, … */
  bin: "/srv/bin",
  /** Prefix of `npm install -g`. */
  npm: "/srv/npm",
  /** `$HOME` of the build: what postBuild leaves there is in every session's home. */
  home: "/srv/home",
  /** Standalone Pythons that uv installed. */
  pythons: "/srv/python",
  /** Our own programs in the image. */
  programs: "/srv/lib/repo2singularity",
  /** Lock files of what was installed, by their names in the image's lock. */
  locks: "/srv/lib/repo2singularity/lock",
  /** What the activation scripts of a conda environment set, as lines of sh. */
  condaActivation: "/srv/env/etc/conda/repo2singularity.sh",
  /** What a shell of Nix sets, as lines of sh. */
  nixActivation: "/srv/lib/repo2singularity/nix.sh",
  /** Where old instructions look for the repository: a link to `repo`. */
  oldNotebooks: "/opt/notebooks",
} as const;

/** Where the executor mounts what a step may use and no layer keeps. */
export const buildMounts = {
  bytecodeCache: "/run/repo2singularity/cache/bytecode",
  condaCache: "/run/repo2singularity/cache/conda",
} as const;

/** Folders in front of the base's PATH, first one first. */
export const imagePathPrefix: readonly string[] = [
  `${imageLayout.home}/.local/bin`,
  `${imageLayout.repo}/.local/bin`,
  imageLayout.bin,
  `${imageLayout.environment}/bin`,
  `${imageLayout.npm}/bin`,
];

/** Variables of the image's programs that our own programs and the package managers in it read. */
export const imageVariables: Readonly<Record<string, string>> = {
  APP_BASE: "/srv",
  REPO_DIR: imageLayout.repo,
  NB_PYTHON_PREFIX: imageLayout.server,
  KERNEL_PYTHON_PREFIX: imageLayout.environment,
  VIRTUAL_ENV: imageLayout.environment,
  NPM_DIR: imageLayout.npm,
  NPM_CONFIG_PREFIX: imageLayout.npm,
  PYTHONUNBUFFERED: "1",
};

/**
 * Variables of the steps that run programs of the repository or install packages, besides {@link imageVariables}:
 * a home that becomes part of the image, and a clock that stands still.
 */
export const buildVariables: Readonly<Record<string, string>> = {
  HOME: imageLayout.home,
  R2S_BUILD: "1",
  PYTHONHASHSEED: "0",
  PYTHONDONTWRITEBYTECODE: "1",
  SOURCE_DATE_EPOCH: "315532800",
  PIP_NO_CACHE_DIR: "1",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  PIP_ROOT_USER_ACTION: "ignore",
  PIP_NO_COMPILE: "1",
  UV_LINK_MODE: "copy",
  UV_NO_PROGRESS: "1",
  UV_PYTHON_DOWNLOADS: "never",
  UV_INDEX_STRATEGY: "unsafe-best-match",
  npm_config_update_notifier: "false",
  npm_config_fund: "false",
  npm_config_audit: "false",
};
