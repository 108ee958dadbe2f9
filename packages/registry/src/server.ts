export { createRegistryServer, type RegistryServerOptions } from "./server/doors/registry-server.ts";
export { catalogueDoor } from "./server/doors/catalogue/catalogue-door.ts";
export { filesDoor } from "./server/doors/files/files-door.ts";
export { keysDoor } from "./server/doors/keys/keys-door.ts";
export { libraryDoor } from "./server/doors/library/library-door.ts";
export { ociDoor } from "./server/doors/oci/oci-door.ts";
export { tokensDoor } from "./server/doors/tokens/tokens-door.ts";
export { shubDoor } from "./server/doors/shub/shub-door.ts";
export type { DoorOptions } from "./server/doors/http/door-options.ts";
export { decide, type Decision, type Target } from "./server/policy/decide.ts";
export type { Identity, Role } from "./server/policy/identity.ts";
export { anonymousIdentity, identify } from "./server/policy/identify.ts";
export { type Action, everything, formatScope, parseScope, type Scope } from "./server/policy/scope.ts";
export {
  createToken,
  ensureAccount,
  listTokens,
  type NewToken,
  revokeToken,
  type TokenInfo,
} from "./server/policy/tokens.ts";
export type { BuildRequest, ImageBuilder, PlannedBuild } from "./server/service/build/image-builder.ts";
export { addImage, tagImage } from "./server/service/images.ts";
export { takeWholeBlob } from "./server/service/keep-blob.ts";
export { describeRepository } from "./server/service/describe-repository.ts";
export { openRepository } from "./server/service/open-repository.ts";
export { refuse } from "./server/service/refusal.ts";
export type { RegistryContext } from "./server/service/context.ts";
export { createRegistry, type RegistryOptions } from "./server/service/open-registry.ts";
export { openState, type RegistryState } from "./server/state/open-state.ts";
export {
  type Collection,
  type CollectionChange,
  listCollections,
  parseRole,
  Retention,
  setCollection,
  setMember,
} from "./server/service/collections.ts";
export { collectGarbage, type CollectOptions, type CollectReport } from "./server/service/collect-garbage.ts";
export { applyRetention, type ExpiredTag, keepImage, planRetention } from "./server/service/retention.ts";
