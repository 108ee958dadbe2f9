/**
 * Lines of a requirements file with the library that solves and installs conda environments. Its wheels run on Python
 * 3.10 and newer. To change the version: take the hashes from the index's page of `py-rattler`, run `e2e/src/conda.test.ts`,
 * and raise `recipeVersion` if environments differ.
 */
export const rattlerLock: string = `
py-rattler==0.28.0 --hash=sha256:4f4ab1d34d5394e7ce130a86e59009c95ace4f5757d9c3af04de1351bcea47eb --hash=sha256:61b24202374188e72130f1b3dc63b455befaafc3e49e5481a38b6a6c8828c1e0
`.trimStart();

/** The Pythons that {@link rattlerLock} runs on, as a PEP 440 specifier. */
export const rattlerPythons = ">=3.10";
