export { BaseFacts } from "./base-facts.ts";
export { BuildEvent, type BuildEventSink } from "./build-event.ts";
export { Config, Mirrors, ProjectConfig } from "./config.ts";
export {
  ContainerGroup,
  ContainerRecipe,
  ContainerStep,
  DefinitionTexts,
  FileOrigin,
  Stage,
  StepMount,
} from "./container-recipe.ts";
export { ImageConfig } from "./image-config.ts";
export { ImageRecord, LockedPackage, LockFileName, PackageLock } from "./image-record.ts";
export { OwnFile, Resources } from "./own-file.ts";
export { CacheName, Decision, Recipe, Step, StepGroup, StepGroupName } from "./recipe.ts";
