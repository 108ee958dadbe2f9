/** Endings of files that pip installs. */
const archivePattern = /\.(whl|zip|tar\.gz|tgz|tar\.bz2|tbz|tar\.xz|txz|tar)(\[[^\]]*\])?$/i;

/**
 * Whether a requirement's target lies in the repository: a `file:` URL, `.`, or a path with a slash or the
 * ending of an archive. Such a line can only be installed after the whole repository was copied.
 */
export function isLocalReference(target: string): boolean {
  const afterVcs = target.replace(/^(git|hg|svn|bzr)\+/, "");
  if (/^file:/i.test(afterVcs)) return true;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(afterVcs) || /^[\w.-]+@[\w.-]+:/.test(afterVcs)) return false;
  return /^\.\.?(\[|$)/.test(afterVcs) || afterVcs.includes("/") || archivePattern.test(afterVcs);
}
