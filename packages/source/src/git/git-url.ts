import { AppError, redactUrl, Secret } from "@repo2singularity/base";
import type { SourceCredentials } from "../provider/port.ts";

/** A git URL that is safe to hand to git. */
export interface GitUrl {
  /** As git gets it: without the user name and password of http URLs. */
  readonly url: string;
  /** Without secrets: for people, labels and argument lists. Equal to `url` unless its query holds something. */
  readonly shown: string;
  /** What stood in the user part of an http URL. */
  readonly credentials?: SourceCredentials;
  /** Whether it names a repository on this host's disk. */
  readonly isLocal: boolean;
}

const schemes = ["https", "http", "ssh", "git", "file"];
const scpForm = /^(?:(?<user>[^\s/:@]+)@)?(?<host>[^\s/:@]+|\[[0-9a-fA-F:.]+\]):(?<path>[^\s:].*)$/;
const notHosts = /^(?:doi|hdl|swh|oci|oci-archive|docker|docker-archive|docker-daemon|library|oras|shub)$/i;

/**
 * Parses `https://…`, `http://…`, `ssh://…`, `git://…`, `file:///…` and the form `git@host:path`.
 * @returns undefined for a text that is no URL
 * @throws E_SPEC_INVALID for transports that run programs (`ext::`), other schemes, and parts that begin with a dash
 */
export function tryParseGitUrl(text: string): GitUrl | undefined {
  const helper = /^(?<name>[a-z][a-z0-9+.-]*)::/i.exec(text)?.groups?.["name"];
  if (helper !== undefined) {
    throw invalid(`"${helper}::…" asks git to run a helper program, which is not allowed`);
  }
  const scheme = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\//i.exec(text)?.groups?.["scheme"]?.toLowerCase();
  return scheme === undefined ? tryParseScpForm(text) : parseUrl(text, scheme);
}

function parseUrl(text: string, scheme: string): GitUrl {
  if (!schemes.includes(scheme)) {
    throw invalid(`"${scheme}://…" is not a way to reach a git repository; known are ${schemes.join(", ")}`);
  }
  if (!URL.canParse(text)) throw invalid(`"${redactUrl(text)}" is not a valid URL`);
  const parsed = new URL(text);
  const [username, password] = [decode(parsed.username), decode(parsed.password)];
  if ([parsed.hostname, username, parsed.pathname.replace(/^\/+/, "")].some((part) => part.startsWith("-"))) {
    throw invalid("a part of the repository's URL begins with a dash");
  }
  if (parsed.pathname.length < 2) throw invalid(`"${redactUrl(text)}" names a server but no repository`);
  if (scheme === "file" && parsed.hostname !== "")
    throw invalid(`write file:///${parsed.hostname}… with three slashes`);
  const isHttp = scheme === "http" || scheme === "https";
  if (isHttp) parsed.username = "";
  if (scheme !== "git") parsed.password = "";
  const url = parsed.toString();
  return {
    url,
    shown: redactUrl(url),
    isLocal: scheme === "file",
    ...(isHttp ? credentialsOf(username, password) : {}),
  };
}

/** A lone user name is a token: forges write `https://TOKEN@host/…`. */
function credentialsOf(username: string, password: string): { credentials?: SourceCredentials } {
  if (password !== "")
    return { credentials: { ...(username === "" ? {} : { username }), secret: new Secret(password) } };
  return username === "" ? {} : { credentials: { secret: new Secret(username) } };
}

function tryParseScpForm(text: string): GitUrl | undefined {
  const { user, host, path } = scpForm.exec(text)?.groups ?? {};
  if (host === undefined || path === undefined || notHosts.test(host)) return undefined;
  if ([host, user ?? "", path].some((part) => part.startsWith("-"))) {
    throw invalid("a part of the repository's address begins with a dash");
  }
  return { url: text, shown: text, isLocal: false };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}

function invalid(message: string): AppError {
  return new AppError("E_SPEC_INVALID", message, { hint: "give a URL such as https://github.com/owner/repo" });
}
