import * as z from "zod";
import { AppError, redactUrl } from "@repo2singularity/base";
import { readCapped, retry } from "@repo2singularity/base/http";
import { statusError } from "../../http/errors.ts";
import type { LibraryLogins } from "../login/library-logins.ts";
import { parseDocument } from "../../oci/documents.ts";
import { originOf, type RemoteAccess } from "../remote-access.ts";
import type { LibraryServer } from "./library-api.ts";

/** How the server of a library is found. */
export interface LibraryAccess extends RemoteAccess {
  /** The logins of apptainer; none when left out. */
  readonly logins?: LibraryLogins;
  /** URL of a library (`--library`), for references without a host; that of the login in use when left out. */
  readonly libraryUrl?: string;
}

const Service = z.object({ uri: z.string() }).optional();

/** What a server says of its services. Source: apptainer 1.4, `internal/pkg/remote/endpoint/service.go` */
const Services = z.object({ libraryAPI: Service, keystoreAPI: Service, keyserverAPI: Service });

/**
 * The library of a host, or of the login in use.
 * @throws E_REGISTRY_AUTH when no host is given and nobody has logged in
 */
export async function resolveLibraryServer(host: string | undefined, access: LibraryAccess): Promise<LibraryServer> {
  const { logins, libraryUrl } = access;
  if (host !== undefined) {
    const login = await logins?.of(host);
    return { baseUrl: login?.url ?? originOf(host, access), token: login?.token };
  }
  if (libraryUrl !== undefined) {
    const login = await logins?.of(new URL(libraryUrl).host);
    return { baseUrl: libraryUrl, token: login?.token };
  }
  const login = await logins?.active();
  if (login === undefined) {
    throw new AppError("E_REGISTRY_AUTH", "the reference names no host, and there is no login to take one from", {
      hint: "name the host (library://HOST/…), or log in first: repo2singularity login HOST",
    });
  }
  return { baseUrl: await libraryOf(login.url, access), token: login.token };
}

/** The services of a server, by what it says at its well-known address. */
async function servicesOf(url: string, access: RemoteAccess): Promise<z.infer<typeof Services>> {
  const address = `${url.replace(/\/+$/, "")}/assets/config/config.prod.json`;
  const { transport, retryPolicy, signal } = access;
  const ask = async (): Promise<z.infer<typeof Services>> => {
    const answer = await transport.ask(address, { signal });
    if (answer.statusCode !== 200) throw await statusError(answer);
    return parseDocument(Services, Buffer.from(await readCapped(answer)), redactUrl(address));
  };
  return retry(ask, { signal, ...(retryPolicy !== undefined && { policy: retryPolicy }) });
}

async function libraryOf(url: string, access: RemoteAccess): Promise<string> {
  const { libraryAPI } = await servicesOf(url, access);
  return serviceUrl(libraryAPI?.uri, url, "library");
}

/**
 * The key server of a server.
 * @param url of the server, such as a login has it
 * @throws E_REGISTRY_PROTOCOL when it has none
 */
export async function keyServerOf(url: string, access: RemoteAccess): Promise<string> {
  const { keystoreAPI, keyserverAPI } = await servicesOf(url, access);
  return serviceUrl(keystoreAPI?.uri ?? keyserverAPI?.uri, url, "key server");
}

function serviceUrl(uri: string | undefined, url: string, what: string): string {
  if (uri !== undefined && URL.canParse(uri, url)) return new URL(uri, url).toString().replace(/\/+$/, "");
  throw new AppError("E_REGISTRY_PROTOCOL", `${redactUrl(url)}: says that it has no ${what}`);
}
