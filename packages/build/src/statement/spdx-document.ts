import { sha256Hex } from "@repo2singularity/base";
import type { ImageRecord, LockedPackage } from "@repo2singularity/contracts";
import { packageUrl } from "./package-url.ts";

/**
 * The packages of an image as a software bill of materials, SPDX 2.3 in JSON. Equal records give equal bytes.
 * Source: spdx.github.io/spdx-spec/v2.3
 */
export function spdxDocument(record: ImageRecord): string {
  const context = { distribution: distributionOf(record) };
  const image = {
    SPDXID: "SPDXRef-Image",
    name: nameOf(record),
    versionInfo: record.source.revision ?? record.source.commit ?? record.key,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    primaryPackagePurpose: "CONTAINER",
  };
  const packages = record.packages.map((one) => ({
    SPDXID: identifierOf(one),
    name: one.name,
    versionInfo: one.version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(one.source === undefined ? {} : { sourceInfo: `installed from ${one.source}` }),
    externalRefs: [
      { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: packageUrl(one, context) },
    ],
  }));
  return JSON.stringify({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: image.name,
    documentNamespace: `urn:repo2singularity:image:${record.key}`,
    creationInfo: {
      created: new Date(record.timestamp * 1000).toISOString().replace(/\.\d+Z$/, "Z"),
      creators: ["Tool: repo2singularity"],
    },
    documentDescribes: [image.SPDXID],
    packages: [image, ...packages],
    relationships: packages.map(({ SPDXID }) => ({
      spdxElementId: image.SPDXID,
      relationshipType: "CONTAINS",
      relatedSpdxElement: SPDXID,
    })),
  });
}

/** Letters, digits, dots and dashes are allowed; the same package may be installed at several places. */
function identifierOf({ manager, name, version, prefix = "" }: LockedPackage): string {
  const readable = `${manager}-${name}`.replaceAll(/[^A-Za-z0-9.-]/g, "-");
  return `SPDXRef-${readable}-${sha256Hex(`${manager} ${name} ${version} ${prefix}`).slice(0, 12)}`;
}

function nameOf({ source }: ImageRecord): string {
  return (
    source.url
      .replace(/\.git$/, "")
      .split("/")
      .at(-1) || "image"
  );
}

/** Images of this program stand on Debian or Ubuntu where they have packages of a distribution. */
function distributionOf({ base }: ImageRecord): string {
  return /ubuntu|jammy|noble|focal/.test(base.reference) ? "ubuntu" : "debian";
}
