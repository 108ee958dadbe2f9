import { processFailure, type ProgramFailures } from "../process-failure.ts";

/** What git says for each kind of failure; the first that fits counts. */
const kinds: ProgramFailures["kinds"] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: "E_NO_SPACE",
    hint: "free some space, or set TMPDIR to a larger disk",
  },
  {
    pattern: /dubious ownership/i,
    code: "E_SOURCE_NOT_FOUND",
    hint: "the repository belongs to another user: allow it with `git config --global --add safe.directory PATH`",
  },
  {
    pattern: /Host key verification failed/i,
    code: "E_SOURCE_AUTH",
    hint: "connect to the host once with ssh and accept its key",
  },
  {
    pattern:
      /Authentication failed|could not read (?:Username|Password)|Permission denied|Access denied|error: 40[13]\b|HTTP Basic/i,
    code: "E_SOURCE_AUTH",
    hint: "check the URL; for a private repository set up a git credential helper or ssh key, or give a token",
  },
  {
    pattern: /repository '.*' not found|does not appear to be a git repository/i,
    code: "E_SOURCE_NOT_FOUND",
    hint: "check the URL, and that you may read the repository",
  },
  {
    pattern:
      /Could not resolve host|Name or service not known|Temporary failure in name resolution|Connection (?:refused|timed out|reset)|Network is unreachable|No route to host|Failed to connect|unable to connect|Operation (?:timed out|too slow)|SSL (?:certificate|connect|error)|TLS (?:connect|handshake)|gnutls|certificate (?:verif|problem|has |is )|error: 5\d\d\b/i,
    code: "E_SOURCE_NETWORK",
    hint: "check the network, the proxy variables and the host's name",
  },
  {
    pattern: /not found|does not exist|no such file or directory/i,
    code: "E_SOURCE_NOT_FOUND",
    hint: "check the URL, and that you may read the repository",
  },
  {
    pattern: /early EOF|unexpected disconnect|RPC failed|hung up|expected flush/i,
    code: "E_SOURCE_NETWORK",
    hint: "try again",
  },
];

const failures: ProgramFailures = {
  missing: { message: "git is not installed", hint: "install git and try again" },
  timeoutHint: "try again, or raise the time limit",
  otherHint: "run the same with --debug to see what git says",
  kinds,
  tellingLine,
};

/** An error of a git command for people; see {@link processFailure}. */
export function gitFailure(error: unknown, what: string): unknown {
  return processFailure(error, what, failures);
}

/** The line that says what went wrong, which is rarely the last one. */
function tellingLine(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const telling =
    lines.find((line) => /^(?:fatal|error|remote|ssh|.*: Permission denied)\b/i.test(line)) ?? lines.at(-1);
  return (telling ?? "git failed without a message").replace(/^(?:fatal|error): /, "");
}
