/**
 * Every error code of the program with the exit status of the command line and the sentence of its docs page.
 *
 * Exit statuses: 1 the build or action failed, 2 wrong usage or bad input in the command,
 * 3 the machine lacks something. Codes are grouped by the room that throws them.
 */
export const errorCodes = {
  // any room
  E_USAGE: { exitCode: 2, summary: "An option or argument is wrong" },
  E_INTERNAL: { exitCode: 1, summary: "A promise inside the program was broken: please report it" },
  E_NO_SPACE: { exitCode: 3, summary: "A disk or quota is full" },
  E_FILE_ACCESS: { exitCode: 1, summary: "A file or folder is missing or may not be read or written" },
  E_CONFIG_INVALID: { exitCode: 2, summary: "A configuration file or variable has a wrong value" },

  // base
  E_PROCESS_FAILED: { exitCode: 1, summary: "A program ended with a non-zero status" },
  E_PROCESS_NOT_FOUND: { exitCode: 3, summary: "A program that is needed is not installed" },
  E_PROCESS_TIMEOUT: { exitCode: 1, summary: "A program took longer than its time limit" },

  // image
  E_TAR_INVALID: { exitCode: 1, summary: "A tar archive is damaged or not a tar archive" },
  E_TAR_TRUNCATED: { exitCode: 1, summary: "A tar archive ends too early" },
  E_TREE_INVALID: { exitCode: 1, summary: "A file tree holds an entry that no image can hold" },
  E_PATH_ESCAPE: { exitCode: 1, summary: "An entry would be written outside its target folder" },
  E_LIMIT_EXCEEDED: { exitCode: 1, summary: "An archive or image asks for more than the stated limits" },
  E_SQUASHFS_INVALID: { exitCode: 1, summary: "A squashfs image is damaged" },
  E_SQUASHFS_TRUNCATED: { exitCode: 1, summary: "A squashfs image ends too early" },
  E_SQUASHFS_COMPRESSOR: { exitCode: 1, summary: "A squashfs image uses a compressor that cannot be read here" },
  E_SQUASHFS_TOO_MANY_IDS: { exitCode: 1, summary: "A tree has more than 65,536 different owners and groups" },
  E_SIF_INVALID: { exitCode: 1, summary: "A SIF file is damaged or not a SIF file" },
  E_SIF_TRUNCATED: { exitCode: 1, summary: "A SIF file ends too early" },
  E_SIF_NO_OBJECT: { exitCode: 1, summary: "A SIF file has no object of that number or kind" },
  E_IMAGE_FORMAT: { exitCode: 2, summary: "A file is neither a SIF nor a squashfs image" },
  E_IMAGE_VERIFY: { exitCode: 1, summary: "An image failed its verification" },
  E_SIGNATURE_MISSING: { exitCode: 1, summary: "An image, or a part of it, is not signed" },
  E_SIGNATURE_INVALID: { exitCode: 1, summary: "A signature does not fit the image or the key" },
  E_SIGNATURE_MIXED: { exitCode: 1, summary: "An image would have two forms of signatures, which nothing verifies" },
  E_SIGNATURE_KEY: { exitCode: 1, summary: "A key for signatures is missing, locked or of the wrong kind" },
  E_OUTPUT_EXISTS: { exitCode: 2, summary: "The output is there already and may not be replaced without --force" },

  // store
  E_STORE_CORRUPT: { exitCode: 1, summary: "A file of the cache does not have the content its name promises" },
  E_STORE_LOCKED: { exitCode: 1, summary: "Another process held a cache lock for too long" },
  E_STORE_UNUSABLE: { exitCode: 3, summary: "The cache folder cannot be created or written" },
  E_OBJECT_NAME: { exitCode: 2, summary: "A name that no object of a store can have" },
  E_OBJECT_NOT_FOUND: { exitCode: 1, summary: "An object, a bucket or an upload is not there" },
  E_OBJECT_SIZE: { exitCode: 1, summary: "An object came with another length than was announced" },
  E_STORAGE_AUTH: { exitCode: 1, summary: "Object storage refused access" },
  E_STORAGE_NETWORK: { exitCode: 1, summary: "Object storage could not be reached, or is overloaded" },
  E_STORAGE_PROTOCOL: { exitCode: 1, summary: "Object storage answered in a way that its protocol does not allow" },

  // source
  E_SPEC_INVALID: { exitCode: 2, summary: "The repository argument is neither a folder nor a URL that is understood" },
  E_SOURCE_NOT_FOUND: { exitCode: 1, summary: "The repository or folder does not exist or may not be read" },
  E_SOURCE_REF_UNKNOWN: { exitCode: 1, summary: "The repository has no such branch, tag or commit" },
  E_SOURCE_AUTH: { exitCode: 1, summary: "The server of the repository wants credentials or refused those it got" },
  E_SOURCE_NETWORK: { exitCode: 1, summary: "The server of the repository could not be reached" },
  E_SOURCE_FETCH: { exitCode: 1, summary: "Fetching the repository failed" },
  E_SOURCE_CHECKSUM: {
    exitCode: 1,
    summary: "A downloaded file does not have the checksum or size it was announced with",
  },
  E_ARCHIVE_INVALID: { exitCode: 1, summary: "A downloaded archive is damaged or of a kind that cannot be unpacked" },
  E_SUBDIR_NOT_FOUND: { exitCode: 2, summary: "The repository has no such folder" },

  // recipe
  E_RECIPE_BOTH_CONFIG_DIRS: { exitCode: 1, summary: "The repository has both binder/ and .binder/" },
  E_RECIPE_FILE_INVALID: { exitCode: 1, summary: "A configuration file of the repository cannot be parsed" },
  E_RECIPE_FAMILY_NOT_YET: {
    exitCode: 1,
    summary: "The repository needs an environment family that is not supported yet",
  },
  E_RECIPE_PYTHON_UNSUPPORTED: { exitCode: 1, summary: "The repository asks for a Python that cannot be had" },
  E_RECIPE_R_UNSUPPORTED: { exitCode: 1, summary: "The repository asks for an R that cannot be had" },
  E_RECIPE_JULIA_UNSUPPORTED: { exitCode: 1, summary: "The repository asks for a Julia that cannot be had" },
  E_RECIPE_BASE_UNFIT: { exitCode: 1, summary: "The base lacks something that the repository needs" },

  // registry
  E_REFERENCE_INVALID: { exitCode: 2, summary: "An image reference cannot be parsed" },
  E_REGISTRY_NETWORK: { exitCode: 1, summary: "A registry could not be reached" },
  E_REGISTRY_AUTH: { exitCode: 1, summary: "A registry refused access" },
  E_REGISTRY_NOT_FOUND: { exitCode: 1, summary: "A registry has no such image" },
  E_REGISTRY_PROTOCOL: { exitCode: 1, summary: "A registry answered in a way that the protocol does not allow" },
  E_REGISTRY_STATE: { exitCode: 3, summary: "The database of a registry server cannot be opened" },
  E_REGISTRY_REFUSED: { exitCode: 1, summary: "A registry server refused a request" },
  E_REGISTRY_FILES: { exitCode: 1, summary: "The files of a static registry have something wrong in them" },
  E_OCI_DIGEST_MISMATCH: { exitCode: 1, summary: "Content does not have the digest or size it was announced with" },
  E_OCI_INVALID: { exitCode: 1, summary: "An OCI layout or docker archive is damaged" },

  // build
  E_BASE_UNAVAILABLE: { exitCode: 3, summary: "No base image could be had" },
  E_EXECUTOR_UNAVAILABLE: { exitCode: 3, summary: "No way to run build steps works on this machine" },
  E_DAEMON_UNAVAILABLE: {
    exitCode: 3,
    summary: "The container daemon, or its client, that --builder needs is not there",
  },
  E_STEP_FAILED: { exitCode: 1, summary: "A build step ended with an error" },
  E_SECRET_MISSING: { exitCode: 2, summary: "A build step asks for a secret that was not given" },
  E_SECRET_IN_LAYER: { exitCode: 1, summary: "A build step left a secret in a file of the image" },
  E_LOCK_INVALID: { exitCode: 2, summary: "What --locked names is no lock and no image that holds one" },
  E_LOCK_UNFIT: { exitCode: 1, summary: "A lock does not fit the repository, the base or the platform" },
  E_FETCH_FAILED: { exitCode: 1, summary: "A file that a build step fetches could not be had" },
  E_STEP_TIMEOUT: { exitCode: 1, summary: "A build step took longer than its time limit" },
  E_TOOL_UNAVAILABLE: { exitCode: 1, summary: "A tool that the build needs could not be fetched" },

  // launch
  E_RUNTIME_UNAVAILABLE: { exitCode: 3, summary: "Nothing on this machine can run the image" },
  E_SESSION_FAILED: { exitCode: 1, summary: "The session ended before its server answered" },
} as const satisfies Record<`E_${string}`, { readonly exitCode: 1 | 2 | 3; readonly summary: string }>;

/** The closed set of codes that an {@link AppError} can carry. */
export type ErrorCode = keyof typeof errorCodes;

/** The exit status of the command line for a code. */
export function exitCodeOf(code: ErrorCode): 1 | 2 | 3 {
  return errorCodes[code].exitCode;
}
