import type { IncomingMessage, ServerResponse } from "node:http";
import { admit, Denial, denialOf, statusText } from "./denial.ts";
import { forwardRequest } from "./forward-request.ts";
import { endpointOf } from "./named-endpoints.ts";
import type { ProxyContext } from "./proxy-context.ts";
import type { ProxiedTarget } from "./upstream-proxy.ts";

/** Answers a request in absolute form, as clients send it to a proxy, or says why not. */
export async function answerRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
  context: ProxyContext,
): Promise<void> {
  let target: ProxiedTarget = { kind: "http", host: "", port: 80 };
  try {
    const url = parseAddress(incoming.url ?? "");
    const { host, port = 80 } = endpointOf(url);
    target = { ...target, host, port };
    const way = await admit(target, context);
    const { agents, policy, signal } = context;
    await forwardRequest({ incoming, response, url, way }, { agents, caBundle: policy.caBundle, signal });
  } catch (error) {
    const { status, message } = denialOf(error, target);
    if (response.headersSent) response.destroy();
    else response.writeHead(status, statusText(message), { "content-type": "text/plain" }).end(`${message}\n`);
  }
}

function parseAddress(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:") return url;
  throw new Denial(400, `${text.slice(0, 200)}: an address that begins with http:// is expected, or CONNECT`);
}
