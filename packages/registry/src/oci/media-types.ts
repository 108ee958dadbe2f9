/** Media types of manifests, and of SIFs in them. Source: OCI image specification 1.1; apptainer's `push oras://` */
export const mediaTypes = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  emptyConfig: "application/vnd.oci.empty.v1+json",
  sifConfig: "application/vnd.sylabs.sif.config.v1+json",
  sifLayer: "application/vnd.sylabs.sif.layer.v1.sif",
} as const;

/** The media types of a layer that is a SIF; the second is a slip of an early Singularity that is still around. */
export const sifLayerTypes: readonly string[] = [mediaTypes.sifLayer, "appliciation/vnd.sylabs.sif.layer.tar"];
