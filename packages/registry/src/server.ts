export { createRegistryServer, type RegistryServerOptions } from "./doors/registry-server.ts";
export { catalogueDoor } from "./doors/catalogue/catalogue-door.ts";
export { filesDoor } from "./doors/files/files-door.ts";
export { keysDoor } from "./doors/keys/keys-door.ts";
export { libraryDoor } from "./doors/library/library-door.ts";
export { ociDoor } from "./doors/oci/oci-door.ts";
export { shubDoor } from "./doors/shub/shub-door.ts";
export type { DoorOptions } from "./doors/http/door-options.ts";
export { decide, type Decision, type Target } from "./policy/decide.ts";
export type { Identity, Role } from "./policy/identity.ts";
export { anonymousIdentity, identify } from "./policy/identify.ts";
export { type Action, everything, formatScope, parseScope, type Scope } from "./policy/scope.ts";
export { createToken, ensureAccount, listTokens, type NewToken, revokeToken, type TokenInfo } from "./policy/tokens.ts";
export type { BuildRequest, ImageBuilder, PlannedBuild } from "./service/build/image-builder.ts";
export { addImage, tagImage } from "./service/images.ts";
export { takeWholeBlob } from "./service/keep-blob.ts";
export { openRepository } from "./service/open-repository.ts";
export { refuse } from "./service/refusal.ts";
export type { RegistryContext } from "./service/context.ts";
export { createRegistry, type RegistryOptions } from "./service/open-registry.ts";
export { openState, type RegistryState } from "./state/open-state.ts";
export {
  type Collection,
  type CollectionChange,
  listCollections,
  parseRole,
  Retention,
  setCollection,
  setMember,
} from "./service/collections.ts";
export { collectGarbage, type CollectOptions, type CollectReport } from "./service/collect-garbage.ts";
export { applyRetention, type ExpiredTag, keepImage, planRetention } from "./service/retention.ts";
