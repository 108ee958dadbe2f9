/** Platforms for which tools are pinned. */
export type ToolPlatform = "linux/amd64" | "linux/arm64";

/** A program that comes as a wheel from a Python index. */
export interface PinnedTool {
  readonly project: string;
  readonly version: string;
  /** The program's name on a PATH. */
  readonly program: string;
  readonly wheels: Readonly<Record<ToolPlatform, PinnedWheel>>;
}

/** One file of an index with what its bytes must be. */
export interface PinnedWheel {
  readonly filename: string;
  readonly sha256: string;
  /** The program inside the wheel. */
  readonly member: string;
}

/**
 * The tools that build steps are given. The wheels are the statically linked ones, so that they run in any base,
 * whichever C library it has. A new version raises `recipeVersion` if it installs other bytes.
 */
export const pinnedTools = {
  uv: {
    project: "uv",
    version: "0.13.9",
    program: "uv",
    wheels: {
      "linux/amd64": {
        filename: "uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl",
        sha256: "2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25",
        member: "uv-0.13.9.data/scripts/uv",
      },
      "linux/arm64": {
        filename: "uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        sha256: "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
        member: "uv-0.13.9.data/scripts/uv",
      },
    },
  },
} as const satisfies Record<string, PinnedTool>;

/** Name of a pinned tool. */
export type ToolName = keyof typeof pinnedTools;
