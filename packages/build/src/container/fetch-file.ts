import { AppError, isAppError, redactUrl } from "@repo2singularity/base";
import type { ContainerStep } from "@repo2singularity/contracts";
import type { StoredFile } from "@repo2singularity/store";
import type { GuardedClient } from "../network/guarded-client.ts";
import type { ContainerContext } from "./container-context.ts";

type FetchStep = Extract<ContainerStep, { kind: "fetch" }>;

/**
 * The file that a step fetches, from the cache when its checksum is known and it is there.
 * @throws E_FETCH_FAILED when the server does not give it, or not what the checksum says
 */
export async function fetchFile(
  { url, checksum, title }: FetchStep,
  { store, client, signal }: Pick<ContainerContext, "store" | "client" | "signal">,
): Promise<StoredFile> {
  const digest = checksum as `sha256:${string}` | undefined; // the schema's pattern is the type's
  const known = digest === undefined ? undefined : await store.find(digest);
  if (known !== undefined) return known;
  const guarded = await client();
  const answer = await guarded.get(url, { signal }).catch((error: unknown) => {
    throw refusal(title, guarded) ?? error;
  });
  const refused = refusal(title, guarded);
  if (refused !== undefined) throw refused;
  if (answer.statusCode !== 200) {
    throw new AppError("E_FETCH_FAILED", `${title}: ${redactUrl(url)} answered with status ${answer.statusCode}`, {
      hint: "check the address in a browser",
    });
  }
  try {
    return await store.put(answer.body, { signal, ...(digest === undefined ? {} : { expected: digest }) });
  } catch (cause) {
    if (!isAppError(cause, "E_STORE_CORRUPT")) throw cause;
    throw new AppError("E_FETCH_FAILED", `${title}: ${redactUrl(url)} is not what its checksum says: ${checksum}`, {
      hint: "the file has changed since the checksum was written, or the address gives another file",
      cause,
    });
  }
}

/** What a client refused, also where a redirect led to it. @returns undefined when it refused nothing */
function refusal(title: string, client: GuardedClient): AppError | undefined {
  const refused = client.takeRefused();
  if (refused.length === 0) return undefined;
  return new AppError("E_FETCH_FAILED", `${title}: ${refused.join("; ")}`, {
    hint: "name the server in the settings of this machine when it is yours, or build with --network host",
  });
}
