/** Build requirements that mean a compiler is called. */
const compilingBackends = [
  "cython",
  "cffi",
  "pybind11",
  "nanobind",
  "scikit-build",
  "scikit-build-core",
  "meson-python",
  "numpy",
  "oldest-supported-numpy",
  "py-build-cmake",
  "mypyc",
  "mypy",
  "swig",
];

/** Whether installing the repository itself calls a C compiler, as far as its build files tell. */
export function packageNeedsCompiler(buildRequires: readonly string[], setupPy: string | undefined): boolean {
  const names = buildRequires.map((text) =>
    (/^[A-Za-z0-9._-]+/.exec(text)?.[0] ?? "").toLowerCase().replaceAll(/[_.]/g, "-"),
  );
  return (
    names.some((name) => compilingBackends.includes(name)) ||
    /\b(ext_modules|Extension\(|cythonize\()/.test(setupPy ?? "")
  );
}
