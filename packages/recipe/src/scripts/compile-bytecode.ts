import { bytecodeProgram } from "./bytecode-program.ts";
import { buildMounts, imageLayout } from "./image-layout.ts";
import { createRunStep, type RunStep, writeFileLines } from "./run-step.ts";

/**
 * Lines of sh that compile all Python of the image whose bytecode is missing or old: of the base's and the
 * distribution's interpreters, uv's, the server's and the user's.
 */
export function compileBytecodeLines(): string {
  const { environment, programs, pythons, server } = imageLayout;
  return [
    writeFileLines("/tmp/bytecode.py", bytecodeProgram).trimEnd(),
    `cache=${buildMounts.bytecodeCache}; [ -d "$cache" ] && [ -w "$cache" ] || cache=-`,
    // Distribution packages for several Pythons share one folder of sources: each interpreter writes its own files.
    "for python in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3.[0-9] /usr/local/bin/python3.[0-9][0-9]; do",
    '  [ -x "$python" ] && [ ! -L "$python" ] || continue',
    "  version=${python##*/python}; root=${python%/bin/*}",
    '  "$python" -I -S /tmp/bytecode.py "$cache" "$root/lib/python$version" "/usr/lib/python3/dist-packages" "/usr/local/lib/python$version/dist-packages"',
    "done",
    `for root in ${server} ${environment}; do`,
    '  [ ! -L "$root" ] && [ -x "$root/bin/python" ] && "$root/bin/python" -c "import sys; sys.exit(sys.version_info < (3, 7))" || continue',
    // Conda's standard library too: its files have lost the times that its bytecode was made for.
    '  "$root/bin/python" -I -S /tmp/bytecode.py "$cache" "$root"/lib/python3*',
    "done",
    `[ ! -x ${server}/bin/python ] || ${server}/bin/python -I -S /tmp/bytecode.py "$cache" ${programs}`,
    `for root in ${pythons}/*/; do`,
    '  [ ! -L "${root%/}" ] && [ -x "${root}bin/python3" ] || continue',
    '  "${root}bin/python3" -I -S /tmp/bytecode.py "$cache" "$root"lib/python3*',
    "done",
    "rm -f /tmp/bytecode.py",
    "",
  ].join("\n");
}

/** The step that ends every group which installs Python files. */
export function compileBytecodeStep(): RunStep {
  return createRunStep("Compile Python bytecode", compileBytecodeLines(), { caches: ["bytecode"] });
}
