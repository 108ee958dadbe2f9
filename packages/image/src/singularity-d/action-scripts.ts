/**
 * The scripts of `/.singularity.d/actions`, by which Singularity 3.0 to 3.5, and people without a runtime,
 * start an image. Apptainer and later Singularity versions carry their own and only need the files to be there.
 * They do what Apptainer's do, written anew: POSIX sh, and nothing its built-in shell (mvdan/sh) does not know.
 */

const sourceEnvironment = `for file in /.singularity.d/env/*.sh; do
    if [ -f "$file" ]; then . "$file"; fi
done
`;

/** One branch per SCIF app, for images that hold several programs under /scif/apps. */
function runInApp(what: string): string {
  return `if [ -n "\${SINGULARITY_APPNAME:-}" ]; then
    program="/scif/apps/$SINGULARITY_APPNAME/scif/${what}"
    if [ -x "$program" ]; then exec "$program" "$@"; fi
    echo "this image has no ${what} for the app $SINGULARITY_APPNAME" >&2
    exit 1
fi
`;
}

const execScript = `#!/bin/sh
# Runs a command in the environment of the image.
${sourceEnvironment}
exec "$@"
`;

const runScript = `#!/bin/sh
# Runs the image's runscript, or a shell when it has none.
${sourceEnvironment}
${runInApp("runscript")}
if [ -x /.singularity.d/runscript ]; then exec /.singularity.d/runscript "$@"; fi
echo "this image has no runscript: starting /bin/sh" >&2
exec /bin/sh "$@"
`;

const shellScript = `#!/bin/sh
# Starts a shell: the one that was asked for, bash, or sh.
${sourceEnvironment}
if [ -n "\${SINGULARITY_SHELL:-}" ] && [ -x "$SINGULARITY_SHELL" ]; then exec "$SINGULARITY_SHELL" "$@"; fi
if [ -x /bin/bash ]; then
    SHELL=/bin/bash
    export SHELL
    exec /bin/bash --norc "$@"
fi
SHELL=/bin/sh
export SHELL
exec /bin/sh "$@"
`;

const startScript = `#!/bin/sh
# Starts an instance. Its first process waits for this signal before it goes on.
kill -CONT 1
${sourceEnvironment}
if [ -x /.singularity.d/startscript ]; then exec /.singularity.d/startscript "$@"; fi
`;

const testScript = `#!/bin/sh
# Runs the image's test, and passes when it has none.
${sourceEnvironment}
${runInApp("test")}
if [ -x /.singularity.d/test ]; then exec /.singularity.d/test "$@"; fi
echo "this image has no test" >&2
`;

/** The action scripts by their file names. */
export const actionScripts: Readonly<Record<"exec" | "run" | "shell" | "start" | "test", string>> = {
  exec: execScript,
  run: runScript,
  shell: shellScript,
  start: startScript,
  test: testScript,
};
