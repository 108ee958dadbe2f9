import { rootCertificates } from "node:tls";
import { type HostReader, variable } from "./host-reader.ts";

/** Variables that name a whole bundle of trusted certificates, most general first. */
const bundleVariables = [
  "SSL_CERT_FILE",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "NIX_SSL_CERT_FILE",
];

/** Where distributions keep the bundle that their TLS libraries read. */
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat family
  "/etc/pki/tls/certs/ca-bundle.crt", // older Red Hat family
  "/etc/ssl/ca-bundle.pem", // SUSE
  "/etc/ssl/cert.pem", // Alpine
];

/**
 * One PEM text of every certificate authority that this machine trusts: the system's bundle, the bundles that
 * variables and clients name, and `NODE_EXTRA_CA_CERTS`. A machine behind a TLS-inspecting proxy may have its
 * authority in any one of them. Without a system bundle, Node's own list of public authorities stands in.
 *
 * @param clientPaths bundles that pip's or npm's configuration names
 * @returns certificates in the order they were found, each once
 */
export async function readCaBundle(host: HostReader, clientPaths: readonly string[]): Promise<string> {
  const named = [...bundleVariables, "PIP_CERT", "NODE_EXTRA_CA_CERTS"].map((name) => variable(host.env, name));
  const certificates = new Set<string>();
  const system = await firstOf(host, systemBundles);
  for (const certificate of system === undefined ? rootCertificates : certificatesIn(system)) {
    certificates.add(certificate.trim());
  }
  for (const path of new Set([...named, ...clientPaths])) {
    const text = path === undefined ? undefined : await host.readFile(path);
    for (const certificate of certificatesIn(text ?? "")) certificates.add(certificate);
  }
  return [...certificates].map((certificate) => `${certificate}\n`).join("");
}

async function firstOf(host: HostReader, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await host.readFile(path);
    if (text !== undefined && text.includes("-----BEGIN")) return text;
  }
  return undefined;
}

function certificatesIn(text: string): readonly string[] {
  return text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
}
