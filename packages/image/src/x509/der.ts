import { AppError } from "@repo2singularity/base";

/** One value of DER. Source: ITU-T X.690 (2021), sections 8.1 and 10 */
export interface DerValue {
  /** The identifier octet: class, form and number; numbers above 30 do not occur in certificates. */
  readonly tag: number;
  readonly content: Uint8Array;
}

/**
 * The values that stand in a row, such as those in a SEQUENCE's content.
 * @throws E_SIGNATURE_KEY when it is no DER
 */
export function readDer(bytes: Uint8Array): readonly DerValue[] {
  const values: DerValue[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag, first] = [bytes[at] ?? 0, bytes[at + 1] ?? 0x80];
    const lengthSize = first < 0x80 ? 0 : first - 0x80;
    const start = at + 2 + lengthSize;
    const length = first < 0x80 ? first : bytes.subarray(at + 2, start).reduce((sum, octet) => sum * 256 + octet, 0);
    const isSound = (tag & 0x1f) !== 0x1f && first !== 0x80 && lengthSize <= 4 && start + length <= bytes.length;
    if (!isSound) throw new AppError("E_SIGNATURE_KEY", `a certificate is damaged at byte ${at} of a part of it`);
    values.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

/** An OBJECT IDENTIFIER in numbers with dots. */
export function readOid(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const octet of content) {
    number = number * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...others] = numbers;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...others].join(".");
}
