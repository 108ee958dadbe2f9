import { AppError } from "@repo2singularity/base";
import { discardBody } from "@repo2singularity/base/http";
import { openRepository } from "../../client/open-repository.ts";
import { statusError } from "../../http/errors.ts";
import { formatReference, type RegistryReference } from "../../reference/parse-reference.ts";
import type { RemoteAccess } from "../remote-access.ts";

/**
 * Takes a tag out of an OCI registry, or a manifest with all its tags when the reference has a digest.
 * A registry that deletes manifests alone refuses tags: which others would go too is for the user to see.
 * Source: OCI distribution specification 1.1, "Content Management"
 * @throws E_REGISTRY_NOT_FOUND, E_REGISTRY_AUTH, E_REGISTRY_NETWORK, E_REGISTRY_PROTOCOL
 */
export async function deleteOras(reference: RegistryReference, access: RemoteAccess): Promise<void> {
  const { http } = openRepository(reference, access);
  const name = reference.digest ?? reference.tag ?? "latest";
  const answer = await http.ask(`manifests/${name}`, { method: "DELETE", signal: access.signal });
  if (answer.statusCode === 400 || answer.statusCode === 405) {
    discardBody(answer);
    const isTag = reference.digest === undefined;
    const shown = formatReference(reference).replace(/^docker:/, "oras:");
    throw new AppError("E_REGISTRY_PROTOCOL", `${shown}: the registry deletes no ${isTag ? "tags" : "manifests"}`, {
      hint: isTag ? "name the manifest by its digest, @sha256:…, which takes away all its tags" : "ask whoever runs it",
    });
  }
  if (answer.statusCode < 200 || answer.statusCode > 299) throw await statusError(answer);
  discardBody(answer);
}
