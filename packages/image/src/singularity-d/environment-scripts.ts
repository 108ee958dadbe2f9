import { AppError } from "@repo2singularity/base";

/** What the environment scripts of an image are made of. */
export interface ImageEnvironment {
  /** Variables with their literal values; under Apptainer they win over the host's, and `--env` wins over them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Folders put in front of PATH, first one first. */
  readonly pathPrefix: readonly string[];
  /** POSIX sh, run after both; a variable it exports empty is taken out of the program's environment by Apptainer. */
  readonly extraEnvironmentScript?: string;
  /** POSIX sh that tells every program where the image's SCIF apps are. */
  readonly appsEnvironment?: string;
}

/**
 * Apptainer reads these in the order of their names, in its own shell, with the host's variables out of sight;
 * what is unset afterwards gets the host's value back, what is empty is unset. It gives two of the names
 * a meaning: after `10-docker2singularity.sh` it appends the usual folders to PATH, after `99-base.sh` it
 * applies the `--env` options.
 * Source: `internal/pkg/util/fs/files/action_scripts.go` of Apptainer 1.4.
 */
export function environmentScripts(options: ImageEnvironment): Readonly<Record<string, string>> {
  return {
    "01-base.sh": "#!/bin/sh\n",
    "10-docker2singularity.sh": `#!/bin/sh\n${exportLines(options.environment)}`,
    "90-environment.sh": customEnvironment(options),
    "94-appsbase.sh": `#!/bin/sh\n${options.appsEnvironment ?? ""}`,
    "95-apps.sh": appsScript,
    "99-base.sh": baseScript,
    "99-runtimevars.sh": runtimeVariablesScript,
  };
}

function exportLines(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        throw new AppError("E_TREE_INVALID", `"${name}" cannot be the name of an environment variable`);
      }
      return `export ${name}=${quoteForBoth(value)}\n`;
    })
    .join("");
}

/**
 * A word that sh and Apptainer's built-in shell read alike: that one keeps the backslash of the usual `'\\''`
 * in an `export`, but not with double quotes around the single one.
 */
function quoteForBoth(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

function customEnvironment({ pathPrefix, extraEnvironmentScript }: ImageEnvironment): string {
  // a prefix that stands first already is left alone, so that nested runs do not grow PATH
  const prefix = pathPrefix.join(":");
  const path =
    prefix === ""
      ? ""
      : `case ":\${PATH:-}:" in
    ${quoteForBoth(`:${prefix}:`)}*) ;;
    *) PATH=${quoteForBoth(prefix)}\${PATH:+:$PATH} ;;
esac
export PATH
`;
  const extra = extraEnvironmentScript ?? "";
  return `#!/bin/sh\n${path}${extra}${extra === "" || extra.endsWith("\n") ? "" : "\n"}`;
}

/** The environment of one SCIF app, when one was asked for with \`--app\`. */
const appsScript = `#!/bin/sh
if [ -n "\${SINGULARITY_APPNAME:-}" ]; then
    SCIF_APPS=/scif/apps
    SCIF_APPROOT="$SCIF_APPS/$SINGULARITY_APPNAME"
    if [ ! -d "$SCIF_APPROOT" ]; then
        echo "this image has no app $SINGULARITY_APPNAME" >&2
        exit 1
    fi
    export SINGULARITY_APPNAME SCIF_APPS SCIF_APPROOT
    PATH="$SCIF_APPROOT\${PATH:+:$PATH}"
    if [ -d "$SCIF_APPROOT/bin" ]; then PATH="$SCIF_APPROOT/bin:$PATH"; fi
    export PATH
    if [ -d "$SCIF_APPROOT/lib" ]; then
        LD_LIBRARY_PATH="$SCIF_APPROOT/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        export LD_LIBRARY_PATH
    fi
    for file in "$SCIF_APPROOT/scif/env/01-base.sh" "$SCIF_APPROOT/scif/env/90-environment.sh"; do
        if [ -f "$file" ]; then . "$file"; fi
    done
fi
`;

/** Where runtimes put the host's GPU libraries, and the prompt. */
const baseScript = `#!/bin/sh
LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/.singularity.d/libs"
PS1="\${PS1:-Apptainer> }"
export LD_LIBRARY_PATH PS1
`;

/** PATH as changed on the runtime's command line (\`--env PREPEND_PATH=…\`). */
const runtimeVariablesScript = `#!/bin/sh
if [ -n "\${SING_USER_DEFINED_PREPEND_PATH:-}" ]; then PATH="$SING_USER_DEFINED_PREPEND_PATH:\${PATH:-}"; fi
if [ -n "\${SING_USER_DEFINED_APPEND_PATH:-}" ]; then PATH="\${PATH:-}:$SING_USER_DEFINED_APPEND_PATH"; fi
if [ -n "\${SING_USER_DEFINED_PATH:-}" ]; then PATH="$SING_USER_DEFINED_PATH"; fi
unset SING_USER_DEFINED_PREPEND_PATH SING_USER_DEFINED_APPEND_PATH SING_USER_DEFINED_PATH
export PATH
`;
