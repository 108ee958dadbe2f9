import { expect, test } from "vitest";
import { parseIni } from "./ini.ts";

test("reads sections, comments and keys below a key as the AWS CLI does", () => {
  const sections = parseIni(
    [
      "# a comment",
      "[default]",
      "region=eu-west-1   # mine",
      "s3 =",
      "  addressing_style = path",
      "  max_queue_size=1000",
      "",
      "; another",
      "[profile  lab two]",
      "aws_secret_access_key = a/b+c=#d;",
      "nonsense",
    ].join("\r\n"),
  );

  expect([...sections.keys()]).toEqual(["default", "profile lab two"]);
  expect(sections.get("default")?.values.get("region")).toBe("eu-west-1");
  expect(sections.get("default")?.nested.get("s3")?.get("addressing_style")).toBe("path");
  expect(sections.get("profile lab two")?.values.get("aws_secret_access_key")).toBe("a/b+c=#d;");
});

test("a section that comes twice is one, and keys before any section are passed over", () => {
  const sections = parseIni("lost = 1\n[a]\nx = 1\n[b]\n[a]\ny = 2\n");

  expect([...(sections.get("a")?.values ?? [])]).toEqual([
    ["x", "1"],
    ["y", "2"],
  ]);
});
