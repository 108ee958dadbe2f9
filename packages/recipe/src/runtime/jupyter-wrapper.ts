/**
 * The one wrapper behind all names in `/srv/bin` that belong to the server. POSIX sh.
 *
 * During postBuild it first lets the server catch up with what `pip` has just installed, so that
 * `jupyter server extension enable NAME` on the next line finds NAME.
 */
export const jupyterWrapper: string = `#!/bin/sh
[ -z "$R2S_JOIN" ] || /srv/env/bin/python -I "$R2S_JOIN" "\${0##*/}" "$@" >&2 || exit
exec /srv/jupyter/bin/python -I /srv/lib/repo2singularity/jupyter.py "\${0##*/}" "$@"
`;

/** Wrapper of `ipython`: the user's, with a session's settings instead of those in the user's own home. POSIX sh. */
export const ipythonWrapper: string = `#!/bin/sh
exec /srv/jupyter/bin/python -I /srv/lib/repo2singularity/jupyter.py --user "\${0##*/}" "$@"
`;
