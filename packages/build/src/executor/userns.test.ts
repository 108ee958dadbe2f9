import { tmpdir } from "node:os";
import process from "node:process";
import { processRunner } from "@repo2singularity/base";
import { describeStepExecutor, hasBusybox } from "@repo2singularity/testkit";
import { expect, test } from "vitest";
import type { ExecutorHost } from "./host.ts";
import { createRootExecutor } from "./root.ts";
import { createUsernsExecutor } from "./userns.ts";

const host: ExecutorHost = {
  runner: processRunner,
  path: process.env["PATH"] ?? "/usr/bin:/bin",
  processor: process.arch,
  uid: process.getuid?.() ?? -1,
  tmpDir: tmpdir(),
};
const userns = createUsernsExecutor(host);

if ((await hasBusybox()) && (await userns.probe()).usable) {
  describeStepExecutor("userns", () => Promise.resolve({ executor: userns, workDir: host.tmpDir }));
}

test("says how to mend a machine that has no unshare", async () => {
  const withoutUnshare: ExecutorHost["runner"] = (command, args, options) =>
    processRunner(command, args, args.includes("unshare") ? { ...options, env: { PATH: "/no/such/folder" } } : options);

  const probe = await createUsernsExecutor({ ...host, runner: withoutUnshare }).probe();

  expect(probe).toMatchObject({ usable: false, hint: "install util-linux" });
});

test("the root executor tells an ordinary user why it cannot be used", async () => {
  const probe = await createRootExecutor({ ...host, uid: 1000 }).probe();

  expect(probe).toMatchObject({ usable: false, reason: expect.stringContaining("uid 1000") });
});
