import { AppError } from "@repo2singularity/base";

const REBUILD_HINT = "fetch or build the image again";

/**
 * The error for a field that no sound image has.
 * @param label the image, as {@link RandomAccess} names it
 * @param offset byte offset in the image where the reader was, shown in hexadecimal
 * @param problem what was expected and found, one phrase
 */
export function invalidImage(label: string, offset: number, problem: string, cause?: unknown): AppError {
  return new AppError("E_SQUASHFS_INVALID", `${label}: ${problem} (at byte ${formatOffset(offset)} of the image)`, {
    hint: REBUILD_HINT,
    data: { offset },
    cause,
  });
}

/**
 * The error for an image that ends before something it announces.
 * @param offset byte offset where reading began
 * @param wanted bytes that were needed there
 * @param found bytes that were there
 */
export function truncatedImage(label: string, offset: number, what: string, wanted: number, found: number): AppError {
  return new AppError(
    "E_SQUASHFS_TRUNCATED",
    `${label}: the image ends inside ${what} (at byte ${formatOffset(offset)}: ${wanted} bytes expected, ${found} found)`,
    { hint: REBUILD_HINT, data: { offset, wanted, found } },
  );
}

/**
 * The error for an image that would cost more than the stated limits.
 * @param limit name of the limit as in `SquashfsLimits`
 */
export function limitExceeded(label: string, limit: string, allowed: number, found: number): AppError {
  return new AppError("E_LIMIT_EXCEEDED", `${label}: the image needs ${limit} ${found}, the limit is ${allowed}`, {
    hint: "do not use an image from a source you do not trust; else raise the limit",
    data: { limit, allowed, found },
  });
}

function formatOffset(offset: number): string {
  return `0x${offset.toString(16)}`;
}
