import { describe, expect, test } from "vitest";
import { formatTunnel, planReachability } from "./reachability.ts";

const machine = { hostname: "login1", username: "alice", env: {} };

describe("the way to a session's server", () => {
  test("needs no tunnel on a machine with a display", () => {
    const way = planReachability({ ...machine, env: { DISPLAY: ":0" } });

    expect(formatTunnel(way, 8888)).toBeUndefined();
  });

  test("leads through the address that the user's ssh came to", () => {
    const way = planReachability({ ...machine, env: { SSH_CONNECTION: "10.0.0.9 50000 10.0.0.1 2222" } });

    expect(formatTunnel(way, 8888)).toBe("ssh -N -L 8888:127.0.0.1:8888 -p 2222 alice@10.0.0.1");
  });

  test("leads from a compute node through the machine where the job was submitted", () => {
    const way = planReachability({
      ...machine,
      hostname: "node7",
      env: { SLURM_JOB_ID: "5", SLURM_SUBMIT_HOST: "login1" },
    });

    expect(way.address).toBe("node7");
    expect(formatTunnel(way, 8901)).toBe("ssh -N -L 8901:node7:8901 alice@login1");
  });

  test("is told on a machine without a display", () => {
    expect(formatTunnel(planReachability(machine), 9000)).toBe("ssh -N -L 9000:127.0.0.1:9000 alice@login1");
  });
});
