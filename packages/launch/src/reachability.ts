/** Where a server listens, and how a browser on another machine comes there. */
export interface Reachability {
  /** What the server listens on. */
  readonly address: string;
  /** The machine to go through with ssh; `undefined` when the browser is on this one. */
  readonly sshTarget?: { readonly destination: string; readonly port?: number };
}

/** What this machine is. */
export interface MachineFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  readonly username: string;
}

/**
 * Works out how the user's browser reaches a server that starts here.
 *
 * In a batch job the server listens on the node's own name, because the tunnel ends on the login machine;
 * everywhere else it listens on the loopback alone.
 */
export function planReachability(machine: MachineFacts): Reachability {
  const { env, hostname, username } = machine;
  const submitHost = env["SLURM_SUBMIT_HOST"] ?? env["PBS_O_HOST"] ?? env["SGE_O_HOST"];
  const isBatchJob = ["SLURM_JOB_ID", "PBS_JOBID", "JOB_ID"].some((name) => env[name] !== undefined);
  if (isBatchJob && submitHost !== undefined && submitHost !== hostname) {
    return { address: hostname, sshTarget: { destination: `${username}@${submitHost}` } };
  }
  const address = "127.0.0.1";
  const connection = env["SSH_CONNECTION"]?.split(" ");
  if (connection?.length === 4) {
    const [, , host = hostname, port = "22"] = connection;
    return { address, sshTarget: { destination: `${username}@${host}`, port: Number(port) } };
  }
  const hasDisplay = (env["DISPLAY"] ?? env["WAYLAND_DISPLAY"] ?? "") !== "";
  return hasDisplay ? { address } : { address, sshTarget: { destination: `${username}@${hostname}` } };
}

/**
 * The command that makes a server's port one of the machine with the browser.
 * @returns `undefined` when no tunnel is needed
 */
export function formatTunnel(reachability: Reachability, port: number): string | undefined {
  const { address, sshTarget } = reachability;
  if (sshTarget === undefined) return undefined;
  const sshPort = sshTarget.port === undefined || sshTarget.port === 22 ? "" : `-p ${sshTarget.port} `;
  return `ssh -N -L ${port}:${address}:${port} ${sshPort}${sshTarget.destination}`;
}
