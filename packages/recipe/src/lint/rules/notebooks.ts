import type { RuleFinding } from "../finding.ts";
import type { LintInput } from "../lint-input.ts";

/** How programs that bring a kernel call it in steps and scripts; any other language is looked for by its own name. */
const kernelWords: Readonly<Record<string, RegExp>> = {
  r: /irkernel/i,
  julia: /ijulia/i,
  bash: /bash[_-]kernel/i,
  octave: /octave[_-]kernel/i,
  matlab: /matlab[_-](?:kernel|proxy)/i,
  "c++": /xeus-cling|xeus-cpp/i,
  javascript: /ijavascript|tslab|deno/i,
  typescript: /tslab|itypescript|deno/i,
  go: /gophernotes|gonb/i,
  rust: /evcxr/i,
  sql: /xeus-sql|sql[_-]kernel/i,
};

/** Notebooks that are looked at; a repository of more says the same in the first ones. */
const notebookLimit = 500;

/** Notebooks whose kernel the image will not have, one finding for each language. */
export function missingKernels(input: LintInput): RuleFinding[] {
  if (input.isContainer) return [];
  const scripts = ["postBuild", "binder/postBuild", ".binder/postBuild"].map((path) => input.tree.readText(path) ?? "");
  const text = [...input.stepTexts, ...scripts].join("\n");
  const notebooks = input.files
    .filter(({ path, type }) => type === "file" && path.endsWith(".ipynb") && !path.includes(".ipynb_checkpoints/"))
    .slice(0, notebookLimit);
  const byLanguage = new Map<string, string[]>();
  for (const { path } of notebooks) {
    const language = languageOf(input.tree.readText(path));
    if (language === undefined || language === "python" || hasKernel(language, text)) continue;
    byLanguage.set(language, [...(byLanguage.get(language) ?? []), path]);
  }
  return [...byLanguage].map(([language, paths]) => ({
    path: paths[0] ?? "",
    message: `${paths.length === 1 ? "the notebook wants" : `${paths.length} notebooks want`} a kernel for ${language}, and the image has none`,
    hint: hints[language] ?? `install a kernel for ${language} in postBuild`,
  }));
}

const hints: Readonly<Record<string, string>> = {
  r: "add install.R, DESCRIPTION or renv.lock, or runtime.txt with r-VERSION",
  julia: "add Project.toml",
};

function hasKernel(language: string, text: string): boolean {
  const escaped = language.replaceAll(/[^a-z0-9]/g, String.raw`\$&`);
  const word = kernelWords[language] ?? new RegExp(String.raw`(?<![a-z0-9])${escaped}(?![a-z0-9])`, "i");
  return word.test(text);
}

/** The language of a notebook in lower case. Source: nbformat 4, "metadata"; @returns `undefined` for one that does not say */
function languageOf(text: string | undefined): string | undefined {
  let notebook: unknown;
  try {
    notebook = JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
  const metadata = field(notebook, "metadata");
  const kernel = field(metadata, "kernelspec");
  const named = field(kernel, "language") ?? field(field(metadata, "language_info"), "name");
  const name = typeof named === "string" ? named : /^(?:ir|python)\d*$/.exec(String(field(kernel, "name")))?.[0];
  const lower = name?.toLowerCase();
  if (lower === undefined || lower === "ir") return lower === "ir" ? "r" : undefined;
  return /^i?python\d*$/.test(lower) ? "python" : lower;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined; // JSON
}
