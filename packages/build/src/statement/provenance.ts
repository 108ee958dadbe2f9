import type { Digest } from "@repo2singularity/base";
import type { ImageRecord } from "@repo2singularity/contracts";

/** A resource that went into a build. Source: in-toto attestation framework, `ResourceDescriptor` */
interface Resource {
  readonly uri: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/**
 * From what an image was built, as an in-toto statement with SLSA's provenance. It says nothing that the image's record
 * does not; who signs it vouches for it.
 * Source: slsa.dev/spec/v1.0/provenance, github.com/in-toto/attestation `Statement` v1
 * @param image digest and name of the file
 */
export function provenanceStatement(
  record: ImageRecord,
  image: { readonly name: string; readonly digest: Digest },
): string {
  const { source, base, platform } = record;
  const { url, ref, subdir, dirty } = source;
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: image.name, digest: { sha256: image.digest.slice("sha256:".length) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:repo2singularity:build:v1",
        externalParameters: {
          source: url,
          ...(ref === undefined ? {} : { ref }),
          ...(subdir === undefined ? {} : { subdir }),
          base: base.reference,
          platform,
        },
        internalParameters: { key: record.key, ...(dirty === true ? { hasUncommittedChanges: true } : {}) },
        resolvedDependencies: [sourceOf(source), { uri: base.reference, digest: digestMap(base.digest) }],
      },
      runDetails: {
        builder: { id: "urn:repo2singularity:builder" },
        byproducts: record.layers.map(({ name, digest }) => ({ name: `layer ${name}`, digest: digestMap(digest) })),
      },
    },
  });
}

function sourceOf({ url, provider, commit, revision }: ImageRecord["source"]): Resource {
  if (commit === undefined) return { uri: revision === undefined ? url : `${url}#${revision}` };
  return { uri: `${provider === "mercurial" ? "hg" : "git"}+${url}`, digest: { gitCommit: commit } };
}

function digestMap(digest: string): Readonly<Record<string, string>> {
  return { sha256: digest.replace(/^sha256:/, "") };
}
