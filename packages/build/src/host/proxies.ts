import { type HostReader, variable } from "./host-reader.ts";

/** Proxies of this machine; a URL may hold credentials and is shown only through `redactUrl`. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  readonly all?: string;
  /** Hosts that are reached without a proxy, separated by commas. */
  readonly none?: string;
}

/** A proxy that one client's own configuration names, for machines whose variables name none. */
export interface ClientProxies {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  readonly none?: string | undefined;
}

/**
 * The proxies of the machine's variables, where a name in small letters wins as it does in curl;
 * what they leave open is filled from the clients' own settings, first one first.
 */
export function readProxies(env: HostReader["env"], clients: readonly ClientProxies[]): ProxySettings {
  const all = variable(env, "all_proxy", "ALL_PROXY");
  const first = (key: keyof ClientProxies): string | undefined =>
    clients.map((client) => client[key]).find((value) => value !== undefined);
  // HTTP_PROXY in capitals is a header of the caller in a CGI program; this is none, so it counts
  const http = variable(env, "http_proxy", "HTTP_PROXY") ?? (all === undefined ? first("http") : undefined);
  const https = variable(env, "https_proxy", "HTTPS_PROXY") ?? (all === undefined ? first("https") : undefined);
  const none = variable(env, "no_proxy", "NO_PROXY") ?? first("none");
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(all === undefined ? {} : { all }),
    ...(none === undefined ? {} : { none }),
  };
}

/** The variables that tell programs of a step about the proxies: small and capital letters, as clients differ. */
export function proxyVariables(proxies: ProxySettings): Record<string, string> {
  const named = {
    http_proxy: proxies.http,
    https_proxy: proxies.https,
    all_proxy: proxies.all,
    no_proxy: proxies.none,
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue;
    env[name] = value;
    env[name.toUpperCase()] = value;
  }
  // Node looks at the others only when it is told to
  if (proxies.http !== undefined || proxies.https !== undefined) env["NODE_USE_ENV_PROXY"] = "1";
  return env;
}
