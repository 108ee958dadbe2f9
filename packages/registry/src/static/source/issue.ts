/** Something in a registry's files that must change before it can be published. */
export interface RegistryIssue {
  /** Path from the registry's root, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** An issue as compilers write it, which editors and CI services make links of. */
export function formatIssue({ file, line, message }: RegistryIssue): string {
  return `${file}:${line}: ${message}`;
}
