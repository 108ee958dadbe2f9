import { join } from "node:path";
import {
  createRegistry,
  createRegistryServer,
  createToken,
  ensureAccount,
  everything,
  openState,
} from "@repo2singularity/registry/server";
import { openDiskObjectStore } from "@repo2singularity/store/objects";

/** `node serve-registry.ts FOLDER`: a registry on a port of its own until it is ended; prints its URL and a token. */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: serve-registry.ts FOLDER");
const state = await openState(join(folder, "registry.db"));
const registry = createRegistry({ state, objects: openDiskObjectStore(join(folder, "objects")) });
const app = await createRegistryServer({ registry });
const url = await app.listen({ port: 0, host: "127.0.0.1" });
await ensureAccount(state.db, "bench", Date.now(), true);
const wishes = { account: "bench", kind: "personal", label: "bench", scopes: [everything] } as const;
const { text } = await createToken(state.db, wishes, Date.now());
process.stdout.write(`${JSON.stringify({ url, token: text.reveal() })}\n`);
