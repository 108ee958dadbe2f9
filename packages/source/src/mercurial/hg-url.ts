import { AppError, redactUrl } from "@repo2singularity/base";

/** A Mercurial repository that is safe to hand to `hg`. */
export interface HgUrl {
  /** As hg gets it. */
  readonly url: string;
  /** `hg+URL`, for people and labels. */
  readonly shown: string;
}

const schemes = ["https", "http", "ssh", "file"];

/**
 * Parses `hg+https://…`, `hg+http://…`, `hg+ssh://…` and `hg+file:///…`, and `https://hg.…/…`: hosts of that name serve
 * nothing else.
 * @returns undefined for any other text
 * @throws E_SPEC_INVALID for other schemes, parts that begin with a dash, and passwords, which hg would show to everybody
 */
export function tryParseHgUrl(text: string): HgUrl | undefined {
  const isNamed = /^hg\+/i.test(text);
  if (!isNamed && !/^https?:\/\/(?:[^/@]*@)?hg\.[^/]+\/[^/]/i.test(text)) return undefined;
  const plain = isNamed ? text.slice(3) : text;
  if (!URL.canParse(plain)) throw invalid(`"${text}" is not a valid URL`);
  const parsed = new URL(plain);
  const scheme = parsed.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) {
    throw invalid(`"${scheme}://…" is not a way to reach a Mercurial repository; known are ${schemes.join(", ")}`);
  }
  const parts = [parsed.hostname, decodeURIComponentSafely(parsed.username), parsed.pathname.replace(/^\/+/, "")];
  if (parts.some((part) => part.startsWith("-"))) throw invalid("a part of the repository's URL begins with a dash");
  if (parsed.password !== "" || (scheme !== "ssh" && parsed.username !== "")) {
    throw new AppError(
      "E_SPEC_INVALID",
      `${redactUrl(plain)}: a password in the URL would be seen in the list of processes`,
      {
        hint: "write it into the [auth] section of ~/.hgrc, and leave it out of the URL",
      },
    );
  }
  if (parsed.pathname.length < 2) throw invalid(`"${redactUrl(plain)}" names a server but no repository`);
  parsed.hash = "";
  return { url: parsed.href, shown: `hg+${redactUrl(parsed.href)}` };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}

function invalid(message: string): AppError {
  return new AppError("E_SPEC_INVALID", message, { hint: "give a URL such as hg+https://example.org/repo" });
}
