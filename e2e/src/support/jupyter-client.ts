import { randomUUID } from "node:crypto";

/** A running Jupyter server, as a browser talks to it. */
export interface JupyterClient {
  /** Status and JSON body (or text) of a request with the token. */
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Runs code in a new kernel, over its websocket, and gives what it prints. */
  execute(code: string, kernelName?: string): Promise<string>;
}

const executionTimeoutMs = 60_000;

/**
 * Talks to a server.
 * @param url with the token, as `runImage` prints it: `http://127.0.0.1:8888/lab?token=…`
 */
export function jupyterClient(url: string): JupyterClient {
  const { origin, searchParams } = new URL(url);
  const token = searchParams.get("token") ?? "";
  const request = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${origin}${path}`, { ...init, headers: { Authorization: `token ${token}` } });
    const text = await response.text();
    const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
    return { status: response.status, body: isJson && text !== "" ? (JSON.parse(text) as unknown) : text };
  };
  return {
    get: (path) => request(path),
    execute: async (code, kernelName = "python3") => {
      const started = await request("/api/kernels", { method: "POST", body: JSON.stringify({ name: kernelName }) });
      if (started.status !== 201) throw new Error(`no kernel: ${started.status} ${JSON.stringify(started.body)}`);
      // The shape is that of Jupyter's REST API.
      const { id } = started.body as { id: string };
      const channel = `${origin.replace(/^http/, "ws")}/api/kernels/${id}/channels?token=${token}`;
      try {
        return await executeOver(new WebSocket(channel), code);
      } finally {
        await request(`/api/kernels/${id}`, { method: "DELETE" });
      }
    },
  };
}

/** The fields of a kernel message that are read here. */
interface KernelMessage {
  readonly msg_type: string;
  readonly parent_header: { readonly msg_id?: string };
  readonly content: {
    readonly text?: string;
    readonly execution_state?: string;
    readonly traceback?: readonly string[];
  };
}

function executeOver(socket: WebSocket, code: string): Promise<string> {
  const id = randomUUID();
  const header = { msg_id: id, username: "", session: randomUUID(), msg_type: "execute_request", version: "5.3" };
  const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(
      () => reject(new Error(`no answer from the kernel; so far: ${output}`)),
      executionTimeoutMs,
    );
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      socket.close();
      finish();
    };
    socket.addEventListener("error", () => settle(() => reject(new Error("the kernel's websocket failed"))));
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ channel: "shell", header, parent_header: {}, metadata: {}, content }));
    });
    socket.addEventListener("message", (event: MessageEvent) => {
      // The shape is that of Jupyter's messaging protocol.
      const message = JSON.parse(String(event.data)) as KernelMessage;
      if (message.parent_header.msg_id !== id) return;
      if (message.msg_type === "stream") output += message.content.text ?? "";
      if (message.msg_type === "error") output += (message.content.traceback ?? []).join("\n");
      if (message.msg_type === "status" && message.content.execution_state === "idle") settle(() => resolve(output));
    });
  });
}
