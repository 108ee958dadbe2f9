import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";

/** An institute's own certificate authority, such as a TLS-inspecting proxy signs with. */
export interface Authority {
  /** Common name of the authority's certificate. */
  readonly name: string;
  readonly certificate: string;
  /** What a server shows that claims to be `host`; made once a host. */
  contextFor(host: string): SecureContext;
}

/**
 * Makes an authority with `openssl`.
 * @param folder an empty folder that holds its files
 */
export function makeAuthority(folder: string, name: string): Authority {
  const file = (suffix: string): string => join(folder, suffix);
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const extensions = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
  openssl("req", "-x509", ...newKey, ...extensions, "-subj", `/CN=${name}`, "-keyout", "ca.key", "-out", "ca.crt");
  openssl("req", "-new", ...newKey, "-subj", "/CN=inspected", "-keyout", "host.key", "-out", "host.csr");
  const contexts = new Map<string, SecureContext>();
  return {
    name,
    certificate: readFileSync(file("ca.crt"), "utf8"),
    contextFor: (host) => {
      const known = contexts.get(host);
      if (known !== undefined) return known;
      writeFileSync(file("host.ext"), `subjectAltName=DNS:${host}\n`);
      const signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "host.ext"];
      openssl("x509", "-req", "-in", "host.csr", ...signer, "-days", "2", "-out", "host.crt");
      const made = createSecureContext({ key: readFileSync(file("host.key")), cert: readFileSync(file("host.crt")) });
      contexts.set(host, made);
      return made;
    },
  };
}
