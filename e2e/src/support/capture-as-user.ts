import { join } from "node:path";
import process from "node:process";
import { processRunner } from "@repo2singularity/base";
import {
  captureLayer,
  createApptainerExecutor,
  createUsernsExecutor,
  type ExecutorHost,
} from "@repo2singularity/build";
import { makeBusyboxTree } from "@repo2singularity/testkit/busybox";

/** `capture-as-user FOLDER SCRIPT`: runs a step as this user and prints the digest of its layer, by each executor. */
const [folder = "", script = ""] = process.argv.slice(2);
const host: ExecutorHost = {
  runner: processRunner,
  path: process.env["PATH"] ?? "",
  processor: process.arch,
  uid: process.getuid?.() ?? -1,
  tmpDir: folder,
};
const lower = await makeBusyboxTree(join(folder, "small"));
for (const executor of [createUsernsExecutor(host), createApptainerExecutor(host)]) {
  const upper = join(folder, executor.name, "upper");
  {
    const scratchDir = join(folder, executor.name, "scratch");
    await using tree = await executor.openTree({ lowerTrees: [lower], upperDir: upper, scratchDir, mounts: [] });
    await tree.run({ argv: ["sh", "-ec", script], env: { PATH: "/bin" }, cwd: "/", network: true });
  }
  const options = { host, lowerTrees: [lower], mtimeSeconds: 315532800, compression: "zstd" } as const;
  const { digestHex } = await captureLayer(upper, join(folder, executor.name, "layer.sqfs"), options);
  process.stdout.write(`${executor.name} ${digestHex}\n`);
}
