import { imageLayout } from "../scripts/image-layout.ts";

/**
 * Text of the runscript, and of the startscript of an instance: runs the arguments, or the image's own command.
 *
 * Like repo2docker's entrypoint it applies the scripts of `/etc/profile.d` first (settings of apt packages), but
 * not `/etc/profile`, which would forget the image's PATH. They are bash by custom, and one that fails stops nothing.
 */
export const runScript: string = `#!/bin/sh
run() {
  exec ${imageLayout.server}/bin/python -I -S ${imageLayout.programs}/run.py "$@"
}
[ -x /bin/bash ] || run "$@"
exec /bin/bash --norc --noprofile -c 'for script in /etc/profile.d/*.sh; do [ ! -r "$script" ] || . "$script" >/dev/null; done
exec ${imageLayout.server}/bin/python -I -S ${imageLayout.programs}/run.py "$@"' repo2singularity "$@"
`;
