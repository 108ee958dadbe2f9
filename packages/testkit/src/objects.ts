export { describeObjectStore } from "./objects/describe-object-store.ts";
