import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";

/** Where the servers of a storage listen, all on 127.0.0.1. */
export interface SwiftPorts {
  readonly object: number;
  readonly container: number;
  readonly account: number;
  readonly proxy: number;
  readonly memcached: number;
}

/** The kinds of servers that hold data; each has a ring. */
export const dataServers = ["object", "container", "account"] as const;

/** One user, `r2s:u`, whose S3 access key is that name and whose secret is the password. */
export const swiftUser = { name: "r2s:u", password: "pw" } as const;

/**
 * Writes the files of a storage with one device and one replica: `FOLDER/swift.conf`, and for each server its own.
 * Source: the deployment guide of OpenStack Swift 2.30, and its middleware `s3api`.
 */
export async function writeSwiftConfiguration(folder: string, ports: SwiftPorts): Promise<void> {
  await mkdir(path.join(folder, "devices", "d1"), { recursive: true });
  const write = (name: string, sections: Sections): Promise<void> =>
    writeFile(path.join(folder, name), formatSections(sections));
  await write("swift.conf", {
    "swift-hash": { swift_hash_path_suffix: "r2s", swift_hash_path_prefix: "r2s" },
    "storage-policy:0": { name: "gold", default: "yes" },
  });
  const common = { bind_ip: "127.0.0.1", workers: "0", user: userInfo().username, swift_dir: folder };
  for (const kind of dataServers) {
    const devices = { devices: path.join(folder, "devices"), mount_check: "false", disable_fallocate: "true" };
    await write(`${kind}-server.conf`, {
      DEFAULT: { ...common, ...devices, bind_port: String(ports[kind]), recon_cache_path: folder },
      "pipeline:main": { pipeline: `${kind}-server` },
      [`app:${kind}-server`]: { use: `egg:swift#${kind}` },
    });
  }
  await write("proxy-server.conf", proxySections({ ...common, bind_port: String(ports.proxy) }, ports.memcached));
}

type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;

function proxySections(common: Readonly<Record<string, string>>, memcachedPort: number): Sections {
  const filters = ["catch_errors", "listing_formats", "bulk", "s3api", "tempauth", "copy", "slo", "dlo"];
  const own: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    s3api: { location: "us-east-1" },
    tempauth: { [`user_${swiftUser.name.replace(":", "_")}`]: `${swiftUser.password} .admin` },
  };
  return {
    DEFAULT: common,
    "pipeline:main": { pipeline: ["cache", ...filters, "proxy-server"].join(" ") },
    "app:proxy-server": { use: "egg:swift#proxy", account_autocreate: "true" },
    "filter:cache": { use: "egg:swift#memcache", memcache_servers: `127.0.0.1:${memcachedPort}` },
    ...Object.fromEntries(filters.map((name) => [`filter:${name}`, { use: `egg:swift#${name}`, ...own[name] }])),
  };
}

function formatSections(sections: Sections): string {
  const blocks = Object.entries(sections).map(
    ([name, values]) =>
      `[${name}]\n${Object.entries(values)
        .map(([key, value]) => `${key} = ${value}\n`)
        .join("")}`,
  );
  return blocks.join("\n");
}
