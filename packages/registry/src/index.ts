export { dockerConfigCredentials } from "./auth/docker-config.ts";
export { anonymous, type Credentials, type CredentialSource } from "./auth/credentials.ts";
export { readDockerArchive } from "./archive/docker-archive.ts";
export { readOciLayout } from "./archive/oci-layout.ts";
export { pullImage, type PullOptions } from "./client/pull-image.ts";
export type { OciConfig } from "./oci/documents.ts";
export { parseInspectedImage, type InspectedImage } from "./oci/inspected-image.ts";
export type { OciImage, OciLayer } from "./oci/model.ts";
export { platformOf, type Platform } from "./oci/platform.ts";
export { openImageSource, type ImageSourceOptions, type OpenImageSource } from "./open-image-source.ts";
export { formatReference, parseReference } from "./reference/parse-reference.ts";
export type { ArchiveReference, ImageReference, RegistryReference } from "./reference/parse-reference.ts";
export { convertImage, type ConvertedImage, type ConvertOptions } from "./convert/convert-image.ts";
export { layerEntries, type LayerEntryOptions } from "./convert/layer-entries.ts";
export { imageToLayers, packImage, withPackedImage } from "./convert/pack-image.ts";
export type { PackedTree, PackImageOptions, PackLayerOptions } from "./convert/pack-image.ts";
export { environmentOf } from "./convert/image-scripts.ts";
export {
  findImageObject,
  type ImageObject,
  putImageObject,
  type PutImageOptions,
} from "./remote/objects/image-object.ts";
export { downloadImage, type DownloadedImage } from "./download/download-image.ts";
export type { DownloadOptions } from "./download/download.ts";
export type { RemoteBytes, RemoteImage, RemoteRange } from "./remote/remote-image.ts";
export type { RemoteAccess } from "./remote/remote-access.ts";
export { parseRemoteReference, type RemoteReference } from "./remote/parse-remote-reference.ts";
export { resolveRemoteImage, type SifReference } from "./remote/resolve-remote-image.ts";
export { openRegistryTransport } from "./http/errors.ts";
export { pushOras, type PushedImage, type PushOrasOptions } from "./push/push-oras.ts";
export { deleteFromLibrary, pushLibrary, type PushLibraryOptions } from "./remote/library/push-library.ts";
export { searchLibrary, type FoundImage } from "./remote/library/search-library.ts";
export { deleteOras } from "./remote/oras/delete-oras.ts";
export { keyServerOf, type LibraryAccess } from "./remote/library/library-server.ts";
export { apptainerLogins, type LibraryLogin, type LibraryLogins } from "./remote/login/library-logins.ts";
export { checkLogin, type CheckedLogin } from "./remote/login/check-login.ts";
export {
  removeDockerLogin,
  removeLibraryLogin,
  writeDockerLogin,
  writeLibraryLogin,
} from "./remote/login/write-logins.ts";
export { createKeyServer, noSuchKey, type KeyServer } from "./remote/keyserver/key-server.ts";
export { remoteBuild, type RemoteBuild } from "./remote/web/remote-builder.ts";
export type { ListedKey } from "./remote/keyserver/key-index.ts";
export { resolveStoredImage } from "./remote/objects/stored-image.ts";
export { encodeExtents } from "./layered/extents-blob.ts";
export type { LayersArtifact } from "./layered/layers-artifact.ts";
export { missingBytes, pullByLayers, type PulledByLayers, type PullLayersOptions } from "./layered/pull-layers.ts";
export type { LayersUpload } from "./layered/push-layers.ts";
export { storedUpload, type UploadSource } from "./push/upload-source.ts";
export type { Attachment } from "./push/push-attachment.ts";
