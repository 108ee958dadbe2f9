import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCertificateRules } from "./certificate-rules.ts";
import { parseCertificates, verifyCertificate } from "./verify-certificate.ts";

/** Certificates that openssl makes: what the name stands for, who signs it, and what it says of itself. */
const authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
const wanted: ReadonlyArray<readonly [name: string, issuer: string, extensions: string]> = [
  ["root", "root", authority],
  ["other-root", "other-root", authority],
  ["middle", "root", `${authority}\nextendedKeyUsage=codeSigning`],
  ["short", "root", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign"],
  ["below-short", "short", authority],
  ["no-authority", "root", "basicConstraints=CA:FALSE"],
  ["no-signer", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign"],
  ["for-servers", "root", `${authority}\nextendedKeyUsage=serverAuth`],
  ["bound", "root", `${authority}\nnameConstraints=critical,permitted;DNS:example.org`],
  ["leaf", "middle", "extendedKeyUsage=codeSigning,clientAuth"],
  ["leaf-server", "middle", "extendedKeyUsage=serverAuth"],
  ["leaf-plain", "middle", "subjectAltName=email:ada@example.org"],
  ["leaf-odd", "middle", "1.2.3.4.5=critical,ASN1:UTF8String:what"],
  ["leaf-short", "short", "extendedKeyUsage=codeSigning"],
  ["leaf-below-short", "below-short", "extendedKeyUsage=codeSigning"],
  ["leaf-no-authority", "no-authority", "extendedKeyUsage=codeSigning"],
  ["leaf-no-signer", "no-signer", "extendedKeyUsage=codeSigning"],
  ["leaf-for-servers", "for-servers", "extendedKeyUsage=codeSigning"],
  ["leaf-bound", "bound", "extendedKeyUsage=codeSigning"],
];

const folder = mkdtempSync(join(tmpdir(), "x509-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);
const made = new Map<string, X509Certificate>();
const get = (name: string): X509Certificate => {
  const found = made.get(name);
  if (found === undefined) throw new Error(`no certificate ${name}`);
  return found;
};

beforeAll(() => {
  for (const [name, issuer, extensions] of wanted) {
    const run = (...words: readonly string[]): unknown => execFileSync("openssl", words, { stdio: "pipe" });
    run("genpkey", "-algorithm", "ed25519", "-out", file(`${name}.key`));
    run("req", "-new", "-key", file(`${name}.key`), "-subj", `/CN=${name}`, "-out", file(`${name}.csr`));
    writeFileSync(file(`${name}.ext`), extensions);
    const signer =
      issuer === name
        ? ["-signkey", file(`${name}.key`)]
        : ["-CA", file(`${issuer}.pem`), "-CAkey", file(`${issuer}.key`), "-CAcreateserial"];
    const request = ["-in", file(`${name}.csr`), "-extfile", file(`${name}.ext`), "-out", file(`${name}.pem`)];
    run("x509", "-req", "-days", "30", ...request, ...signer);
    const [certificate] = parseCertificates(readFileSync(file(`${name}.pem`), "utf8"), name);
    if (certificate !== undefined) made.set(name, certificate);
  }
});

const dayMs = 24 * 3_600_000;
const check = (
  leaf: string,
  { intermediates = ["middle"], roots = ["root"], days = 0 }: Partial<Trust> = {},
): string => {
  const trust = { intermediates: intermediates.map(get), roots: roots.map(get), nowMs: Date.now() + days * dayMs };
  return verifyCertificate(get(leaf), trust, "x.pem")
    .map(({ subject }) => subject?.replace("CN=", ""))
    .join(" ");
};
interface Trust {
  readonly intermediates: readonly string[];
  readonly roots: readonly string[];
  readonly days: number;
}

describe("a chain of certificates", () => {
  test("is found among others, through authorities, and ends at what is trusted", () => {
    const crowd = [...made.keys()].filter((name) => !name.startsWith("leaf"));

    expect(check("leaf")).toBe("leaf middle root");
    expect(check("leaf", { intermediates: crowd, roots: ["other-root", "root"] })).toBe("leaf middle root");
    expect(check("leaf", { intermediates: [], roots: ["middle"] })).toBe("leaf middle");
    expect(check("leaf", { intermediates: [], roots: ["leaf"] })).toBe("leaf");
    expect(check("leaf-plain")).toBe("leaf-plain middle root");
    expect(check("leaf-short", { intermediates: ["short"] })).toBe("leaf-short short root");
  });

  test.each<readonly [string, Partial<Trust>, string]>([
    ["leaf", { roots: ["other-root"] }, "no chain of certificates leads from it to a trusted root"],
    ["leaf", { intermediates: [] }, "no chain of certificates leads"],
    ["leaf", { days: 31 }, "was valid until"],
    ["leaf", { days: -1 }, "is valid from"],
    ["leaf-server", {}, "is not for the signing of programs"],
    ["leaf-odd", {}, "has rules that are not known here: 1.2.3.4.5"],
    ["leaf-below-short", { intermediates: ["below-short", "short"] }, "CN=short: signs for authorities further down"],
    ["leaf-no-authority", { intermediates: ["no-authority"] }, "no chain of certificates|is no authority"],
    ["leaf-no-signer", { intermediates: ["no-signer"] }, "no chain of certificates|is no authority"],
    ["leaf-for-servers", { intermediates: ["for-servers"] }, "CN=for-servers: is not for the signing of programs"],
    ["leaf-bound", { intermediates: ["bound"] }, "rules that are not known here: 2.5.29.30"],
  ])("from %s with %j is refused: %s", (leaf, trust, reason) => {
    expect(() => check(leaf, trust)).toThrow(new RegExp(`x.pem: CN=${leaf}: .*(?:${reason})`));
  });

  test("is not made with a signature of another key of the same name", () => {
    const impostor = ["-subj", "/CN=root", "-addext", "keyUsage=critical,keyCertSign", "-out", file("impostor.pem")];
    execFileSync("openssl", ["req", "-x509", "-key", file("other-root.key"), ...impostor]);
    const signer = ["-CA", file("impostor.pem"), "-CAkey", file("other-root.key"), "-CAcreateserial"];
    const words = ["x509", "-req", "-in", file("leaf.csr"), "-extfile", file("leaf.ext"), "-out", file("forged.pem")];
    execFileSync("openssl", [...words, ...signer], { stdio: "pipe" });
    const [certificate] = parseCertificates(readFileSync(file("forged.pem"), "utf8"), "forged");
    if (certificate !== undefined) made.set("forged", certificate);

    expect(() => check("forged", { intermediates: [] })).toThrow("no chain of certificates leads");
  });
});

test("rules are read as openssl wrote them", () => {
  const rules = ["root", "short", "no-signer", "leaf"].map((name) => readCertificateRules(get(name)));

  expect(rules.map(({ pathLength }) => pathLength)).toEqual([undefined, 0, undefined, undefined]);
  expect(rules.map(({ maySignCertificates }) => maySignCertificates)).toEqual([true, true, false, true]);
});

test("a file without certificates, or with a damaged one, says so", () => {
  expect(() => parseCertificates("nothing", "x.pem")).toThrow("x.pem: holds no certificate in PEM form");
  const damaged = readFileSync(file("leaf.pem"), "utf8").replace(/\n[A-Za-z0-9+/=]+\n-----END/, "\n-----END");
  expect(() => parseCertificates(damaged, "x.pem")).toThrow("cannot be read");
});
