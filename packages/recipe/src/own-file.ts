export { type OwnWishes, readOwnFile } from "./own-file/read-own-file.ts";
