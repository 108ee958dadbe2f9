import { redactText } from "@repo2singularity/base";
import { processFailure, type ProgramFailures } from "../process-failure.ts";
import type { SourceContext } from "../provider/port.ts";

/** How one hg command is run. */
export interface HgRunOptions {
  /** What is being done, for the message of a failure. */
  readonly what: string;
  readonly cwd: string;
  readonly okExitCodes?: readonly number[];
}

const defaultTimeoutMs = 30 * 60 * 1000;
const handedOn =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|XDG_CONFIG_HOME|HGRCPATH|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR|KRB5CCNAME)$/;
const proxyVariables = /^(?:https?|all|no)_proxy$/i;

/**
 * Settings above those of the user: nobody is asked anything, nothing beside Mercurial's own data is fetched or run.
 * Subrepositories may come from anywhere and run programs of their kind.
 */
const settings = [
  "ui.interactive=false",
  "ui.ssh=ssh -o BatchMode=yes -o ConnectTimeout=30",
  "subrepos.allowed=false",
  "phases.publish=false",
  "extensions.hggit=!",
  "extensions.eol=!",
].flatMap((setting) => ["--config", setting]);

/** What hg says for each kind of failure; the first that fits counts. */
const kinds: ProgramFailures["kinds"] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: "E_NO_SPACE",
    hint: "free some space, or set TMPDIR to a larger disk",
  },
  {
    pattern: /subrepo/i,
    code: "E_SOURCE_FETCH",
    hint: "clone it yourself, subrepositories included, and give the folder",
  },
  {
    pattern: /authorization (?:required|failed)|HTTP Error 40[13]|Permission denied/i,
    code: "E_SOURCE_AUTH",
    hint: "check the URL; for a private repository fill the [auth] section of ~/.hgrc or set up an ssh key",
  },
  {
    pattern: /HTTP Error 404|repository .* not found|not a local Mercurial repository|does not appear to be an hg/i,
    code: "E_SOURCE_NOT_FOUND",
    hint: "check the URL, and that you may read the repository",
  },
  {
    pattern:
      /Name or service not known|Temporary failure|Connection (?:refused|reset|timed out)|Network is unreachable|No route|HTTP Error (?:429|5\d\d)|certificate|SSL|no suitable response|stream ended unexpectedly|error: .*(?:refused|reset|unreachable)/i,
    code: "E_SOURCE_NETWORK",
    hint: "check the network, the proxy variables and the host's name",
  },
];

/**
 * Runs Mercurial with the user's own settings (credentials, certificates), and no way to ask questions.
 * @returns what it printed
 * @throws E_PROCESS_NOT_FOUND when hg is not installed, E_NO_SPACE, E_SOURCE_…
 */
export async function runHg(args: readonly string[], options: HgRunOptions, context: SourceContext): Promise<string> {
  const own = Object.entries(context.env).filter(([name]) => handedOn.test(name) || proxyVariables.test(name));
  try {
    const result = await context.runProcess("hg", [...args.slice(0, 1), ...settings, ...args.slice(1)], {
      cwd: options.cwd,
      env: { ...Object.fromEntries(own), HGPLAIN: "1", HGENCODING: "UTF-8", LC_ALL: "C" },
      timeoutMs: context.timeoutMs ?? defaultTimeoutMs,
      endsDescendants: true,
      ...(context.signal === undefined ? {} : { signal: context.signal }),
      ...(options.okExitCodes === undefined ? {} : { okExitCodes: options.okExitCodes }),
      onLine: (line, stream) => {
        if (stream === "stderr") context.onLine?.(redactText(line));
      },
    });
    return result.stdout;
  } catch (error) {
    throw processFailure(error, options.what, failures);
  }
}

const failures: ProgramFailures = {
  missing: {
    message: "Mercurial (hg) is not installed",
    hint: "install it and try again: apt-get install mercurial, or pip install mercurial",
  },
  timeoutHint: "try again",
  otherHint: "run the same with --debug to see what hg says",
  kinds,
  tellingLine: (stderr) => {
    const lines = stderr.split("\n").filter((line) => line.trim() !== "");
    const telling = lines.find((line) => line.startsWith("abort:")) ?? lines.at(-1) ?? "hg failed without a message";
    return redactText(telling.replace(/^abort: /, ""));
  },
};
