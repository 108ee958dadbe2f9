import { AppError, isAppError } from "@repo2singularity/base";

/**
 * Why the registry refuses a request, with the status of HTTP and the code of the OCI distribution specification
 * (1.1, "Error Codes") that say it.
 */
export const refusals = {
  "blob-unknown": { status: 404, ociCode: "BLOB_UNKNOWN" },
  "upload-invalid": { status: 400, ociCode: "BLOB_UPLOAD_INVALID" },
  "upload-unknown": { status: 404, ociCode: "BLOB_UPLOAD_UNKNOWN" },
  "upload-busy": { status: 409, ociCode: "BLOB_UPLOAD_INVALID" },
  "range-invalid": { status: 416, ociCode: "BLOB_UPLOAD_INVALID" },
  "digest-invalid": { status: 400, ociCode: "DIGEST_INVALID" },
  "size-invalid": { status: 400, ociCode: "SIZE_INVALID" },
  "manifest-blob-unknown": { status: 404, ociCode: "MANIFEST_BLOB_UNKNOWN" },
  "manifest-invalid": { status: 400, ociCode: "MANIFEST_INVALID" },
  "manifest-unknown": { status: 404, ociCode: "MANIFEST_UNKNOWN" },
  "manifest-too-large": { status: 413, ociCode: "MANIFEST_INVALID" },
  "name-invalid": { status: 400, ociCode: "NAME_INVALID" },
  "name-unknown": { status: 404, ociCode: "NAME_UNKNOWN" },
  "image-invalid": { status: 422, ociCode: "MANIFEST_INVALID" },
  "request-invalid": { status: 400, ociCode: "UNSUPPORTED" },
  "quota-full": { status: 403, ociCode: "DENIED" },
  "build-failed": { status: 422, ociCode: "MANIFEST_UNKNOWN" },
  "too-many-requests": { status: 429, ociCode: "TOOMANYREQUESTS" },
  forbidden: { status: 403, ociCode: "DENIED" },
  unauthenticated: { status: 401, ociCode: "UNAUTHORIZED" },
} as const satisfies Record<string, { readonly status: number; readonly ociCode: string }>;

/** See {@link refusals}. */
export type RefusalReason = keyof typeof refusals;

/** An error that a door answers with its status, its message as written here. */
export function refuse(reason: RefusalReason, message: string): AppError {
  return new AppError("E_REGISTRY_REFUSED", message, { data: { reason } });
}

/** Why a caught error refuses the request; undefined when it is a failure of the registry's own. */
export function refusalReason(error: unknown): RefusalReason | undefined {
  if (!isAppError(error, "E_REGISTRY_REFUSED")) return undefined;
  return error.data?.["reason"] as RefusalReason; // only `refuse` makes this code
}
