export { describeObjectStore } from "./objects/describe-object-store.ts";
export { inChunks, readAll, seededBytes } from "./objects/object-content.ts";
