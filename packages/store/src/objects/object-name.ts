import { AppError, printable } from "@repo2singularity/base";

/** The first part of names that the adapters keep for uploads that are not finished. */
export const uploadsFolder = ".uploads";

/** S3 takes 1,024 bytes; some are left for the prefix of a store. */
const nameLimit = 900;

/** Printable ASCII without `/` and without what a disk or a URL would read as another name. */
const partPattern = /^(?!\.{1,2}$)[\x20-\x2e\x30-\x5b\x5d-\x7e]{1,255}$/;

/**
 * Gives back the name when an object can have it.
 * @throws E_OBJECT_NAME when it is none, or could leave its place
 */
export function checkedObjectName(name: string): string {
  const parts = name.split("/");
  if (name.length <= nameLimit && parts[0] !== uploadsFolder && parts.every((part) => partPattern.test(part))) {
    return name;
  }
  throw new AppError("E_OBJECT_NAME", `"${printable(name.slice(0, 200))}" cannot be the name of an object`, {
    hint: "use letters, digits and - _ . : @ + in parts with / between them",
  });
}

/** Orders names as object storage lists them: by their bytes, which for ASCII are its characters. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
