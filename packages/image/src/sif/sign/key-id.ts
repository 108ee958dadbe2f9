import { createHash, type KeyObject } from "node:crypto";

/**
 * The id of a public key in a DSSE envelope: its OpenSSH fingerprint, `SHA256:` and unpadded base64.
 * Source: github.com/secure-systems-lab/go-securesystemslib, `dsse/sign.go` (SHA256KeyID); RFC 4253, section 6.6;
 * RFC 5656, section 3.1; RFC 8709, section 4
 * @returns undefined for a kind of key that OpenSSH has no form for
 */
export function dsseKeyId(publicKey: KeyObject): string | undefined {
  const wire = sshWireForm(publicKey);
  if (wire === undefined) return undefined;
  return `SHA256:${createHash("sha256").update(wire).digest("base64").replace(/=+$/, "")}`;
}

function sshWireForm(publicKey: KeyObject): Uint8Array | undefined {
  const jwk = publicKey.export({ format: "jwk" });
  const field = (text: string | undefined): Buffer => Buffer.from(text ?? "", "base64url");
  if (jwk.kty === "OKP" && jwk.crv === "Ed25519") return strings(Buffer.from("ssh-ed25519"), field(jwk.x));
  if (jwk.kty === "RSA") return strings(Buffer.from("ssh-rsa"), integer(field(jwk.e)), integer(field(jwk.n)));
  const curve = jwk.kty === "EC" ? /^P-(256|384|521)$/.exec(jwk.crv ?? "")?.[1] : undefined;
  if (curve === undefined) return undefined;
  const point = Buffer.concat([Buffer.from([4]), field(jwk.x), field(jwk.y)]);
  return strings(Buffer.from(`ecdsa-sha2-nistp${curve}`), Buffer.from(`nistp${curve}`), point);
}

/** A positive integer begins with a zero bit. */
function integer(bytes: Buffer): Buffer {
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
}

function strings(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}
