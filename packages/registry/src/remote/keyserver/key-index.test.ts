import { expect, test } from "vitest";
import { parseKeyIndex } from "./key-index.ts";

const fingerprint = "735E818CF566C5223448C4A17AE2F797FA309D78";

test("keys are read with their user ids, which are escaped", () => {
  const text = [
    "info:1:2",
    `pub:${fingerprint}:22:256:1700000000::`,
    "uid:Ada%20Lovelace%20%3Cada%40example.org%3E:1700000000::",
    "uid:100%:1700000000::",
    `pub:${fingerprint.slice(-16)}:1:4096:::r`,
  ].join("\r\n");

  expect(parseKeyIndex(text)).toEqual([
    {
      fingerprint: fingerprint.toLowerCase(),
      algorithm: 22,
      bits: 256,
      createdSeconds: 1_700_000_000,
      isUnusable: false,
      userIds: ["Ada Lovelace <ada@example.org>", "100%"],
    },
    {
      fingerprint: fingerprint.slice(-16).toLowerCase(),
      algorithm: 1,
      bits: 4096,
      createdSeconds: undefined,
      isUnusable: true,
      userIds: [],
    },
  ]);
});

test("what is no index has no keys", () => {
  expect(parseKeyIndex("<html>pub:../../x:</html>\nuid:alone\npub:../../x:1")).toEqual([]);
});
