import { redactText } from "@repo2singularity/base";
import type { SourceContext } from "../provider/port.ts";
import {
  allowedProtocols,
  gitEnvironment,
  remoteSettings,
  withoutFilters,
  workTreeSettings,
  type GitSetting,
} from "./git-environment.ts";
import { gitFailure } from "./git-failure.ts";
import type { GitUrl } from "./git-url.ts";

/** How one git command is run. */
export interface GitRunOptions {
  /** What is being done, for the message of a failure, without secrets. */
  readonly what: string;
  readonly cwd: string;
  readonly input?: string;
  readonly okExitCodes?: readonly number[];
  /** Settings beside and above the usual ones. */
  readonly settings?: readonly GitSetting[];
  /** Variables beside and above the usual ones. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Keeps what git complains about out of the log, for questions whose answer may be no. */
  readonly isQuiet?: boolean;
}

/** Git with the settings for one repository. */
export interface Git {
  /**
   * Runs a command.
   * @returns what it printed
   * @throws E_SOURCE_… as its message says, E_NO_SPACE, E_PROCESS_NOT_FOUND when git is not installed
   */
  run(args: readonly string[], options: GitRunOptions): Promise<string>;
}

/** Git for a folder of the user, and what its settings say. */
export interface LocalGit extends Git {
  /** The URL of the remote `origin` as it is written there, which may hold secrets; undefined when there is none. */
  readonly originUrl: string | undefined;
}

const defaultTimeoutMs = 30 * 60 * 1000;

/** Where commands run that need no repository: git would read the settings of one it finds above its folder. */
export const noRepository = "/";

/** Git for the server of a URL. Filters are off, ssh asks nothing, protocols that run programs are refused. */
export async function openRemoteGit(url: GitUrl, context: SourceContext): Promise<Git> {
  const own = await readUserSettings(context);
  const settings = [...remoteSettings(url, context), ...withoutFilters(own.filterNames)];
  const hasSshCommand = own.hasSshCommand || (context.env["GIT_SSH_COMMAND"] ?? context.env["GIT_SSH"]) !== undefined;
  if (!hasSshCommand) settings.push(["core.sshCommand", "ssh -o BatchMode=yes -o ConnectTimeout=30"]);
  return gitWith(context, settings, { GIT_ALLOW_PROTOCOL: allowedProtocols(url) });
}

/** Git for looking at a folder of the user. Only the LFS filter runs; its definition is the user's own. */
export async function openLocalGit(context: SourceContext, folder: string): Promise<LocalGit> {
  const { filterNames, originUrl } = await readUserSettings(context, folder);
  const foreign = filterNames.filter((name) => name !== "lfs");
  const git = gitWith(context, [...workTreeSettings(), ...withoutFilters(foreign)], { GIT_ALLOW_PROTOCOL: "none" });
  return { ...git, originUrl };
}

/** Git for questions about a folder's repository that no file's content is read for: filters would run for those. */
export function gitForHistory(context: SourceContext): Git {
  return gitWith(context, workTreeSettings(), { GIT_ALLOW_PROTOCOL: "none" });
}

function gitWith(context: SourceContext, settings: readonly GitSetting[], variables: Record<string, string>): Git {
  return {
    run: async (args, options) => {
      const env = gitEnvironment(context.env, [...settings, ...(options.settings ?? [])]);
      try {
        const result = await context.runProcess("git", args, {
          cwd: options.cwd,
          env: { ...env, ...variables, ...options.variables },
          timeoutMs: context.timeoutMs ?? defaultTimeoutMs,
          endsDescendants: true,
          ...(context.signal === undefined ? {} : { signal: context.signal }),
          ...(options.input === undefined ? {} : { input: options.input }),
          ...(options.okExitCodes === undefined ? {} : { okExitCodes: options.okExitCodes }),
          onLine: (line, stream) => {
            if (stream === "stderr" && options.isQuiet !== true) context.onLine?.(redactText(line));
          },
        });
        return result.stdout;
      } catch (error) {
        throw gitFailure(error, options.what);
      }
    },
  };
}

interface UserSettings {
  readonly filterNames: readonly string[];
  readonly hasSshCommand: boolean;
  readonly originUrl: string | undefined;
}

const askedSettings = "^(filter\\..*|core\\.sshcommand|remote\\.origin\\.url)$";

/**
 * What the configuration of the user, and of the folder's repository, defines that could run programs; and the
 * origin, because starting git costs more than reading.
 */
async function readUserSettings(context: SourceContext, folder = noRepository): Promise<UserSettings> {
  const git = gitWith(context, [], {});
  const output = await git.run(["config", "-z", "--get-regexp", askedSettings], {
    what: "reading git's settings",
    cwd: folder,
    okExitCodes: [0, 1],
  });
  const entries = output.split("\0").map(splitSetting);
  const filters = entries.map(([key]) => /^filter\.(?<name>.+)\.\w+$/s.exec(key)?.groups?.["name"]);
  return {
    filterNames: [...new Set(filters.filter((name) => name !== undefined)), "lfs"],
    hasSshCommand: entries.some(([key]) => key === "core.sshcommand"),
    originUrl: entries.findLast(([key]) => key === "remote.origin.url")?.[1],
  };
}

/** Key and value of an entry of `git config -z`, which puts a line end between them. */
function splitSetting(entry: string): readonly [key: string, value: string] {
  const [key = "", ...lines] = entry.split("\n");
  return [key, lines.join("\n")];
}
