import { AppError } from "@repo2singularity/base";
import type { DeviceInode } from "../read/inode.ts";
import type { XattrSet } from "../read/xattrs.ts";

/** OCI layers hide a name of the layers below with an empty file of this prefix and the name. */
const OCI_WHITEOUT_PREFIX = ".wh.";
/** OCI layers hide everything below a directory with this file in it. */
const OCI_OPAQUE_NAME = ".wh..wh..opq";
/** Names of aufs' own files; they hide nothing and belong in no image. */
const AUFS_PREFIX = ".wh..wh.";

/** Attributes of the kernel's overlay (with and without `userxattr`) and of fuse-overlayfs. */
const OVERLAY_XATTR = /^(?:(?:user|trusted)\.overlay|user\.fuseoverlayfs)\.(.*)$/;
const OPAQUE_VALUE = "y";
/** With these a directory or file takes its content from another path of the lower layers. */
const INDIRECT_XATTRS: ReadonlySet<string> = new Set(["redirect", "metacopy"]);

/** What a name in a layer means beside being a name. */
export type OverlayName =
  | { readonly meaning: "entry" }
  | { readonly meaning: "opaque" }
  | { readonly meaning: "whiteout"; readonly hides: string }
  | { readonly meaning: "bookkeeping" };

const PLAIN_ENTRY: OverlayName = { meaning: "entry" };

/**
 * What a layer's name means after the OCI image rules.
 * @param byteName name as a byte string
 * Source: OCI image specification, "Representing Changes"; aufs
 */
export function readOverlayName(byteName: string): OverlayName {
  if (!byteName.startsWith(OCI_WHITEOUT_PREFIX)) return PLAIN_ENTRY;
  if (byteName === OCI_OPAQUE_NAME) return { meaning: "opaque" };
  const hides = byteName.slice(OCI_WHITEOUT_PREFIX.length);
  if (byteName.startsWith(AUFS_PREFIX) || hides === "") return { meaning: "bookkeeping" };
  return { meaning: "whiteout", hides };
}

/**
 * Whether a device is the kernel overlay's mark for "nothing here": a character device 0:0.
 * Source: Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"
 */
export function isWhiteoutDevice(inode: DeviceInode): boolean {
  return inode.kind === "char" && inode.device === 0;
}

/** Attributes of an inode without those of overlays, and what those say. */
export interface OverlayXattrs {
  /** `undefined` when none are left. */
  readonly kept: XattrSet | undefined;
  readonly isOpaque: boolean;
}

/**
 * Splits off what overlays keep in attributes.
 * @param label the layer, for the error
 * @throws E_TREE_INVALID for redirects and metadata-only copies, whose content lies elsewhere
 */
export function readOverlayXattrs(xattrs: XattrSet, label: string): OverlayXattrs {
  const kept = new Map<string, Uint8Array>();
  let isOpaque = false;
  for (const [name, value] of xattrs) {
    const overlayName = OVERLAY_XATTR.exec(name)?.[1];
    if (overlayName === undefined) kept.set(name, value);
    else if (overlayName === "opaque") isOpaque = Buffer.from(value).toString("latin1") === OPAQUE_VALUE;
    else if (INDIRECT_XATTRS.has(overlayName)) {
      throw new AppError(
        "E_TREE_INVALID",
        `${label}: an entry has the attribute ${name}, so its content is elsewhere`,
        {
          hint: "make the layer from an overlay that is mounted with redirect_dir=off,metacopy=off",
        },
      );
    }
  }
  return { kept: kept.size === 0 ? undefined : kept, isOpaque };
}
