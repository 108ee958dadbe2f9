import type { FastifyInstance } from "fastify";
import type { DoorOptions } from "../http/door-options.ts";
import { takeBodiesUnread } from "../http/request.ts";
import { addRoute, answerInEnvelope, type LibraryHandler } from "./call.ts";
import {
  makeContainer,
  makeFolder,
  readContainer,
  readFolder,
  readOldTags,
  readTags,
  writeOldTag,
  writeTag,
} from "./container-routes.ts";
import {
  answerConfig,
  answerCurrentUser,
  answerNoRedirect,
  answerTokenStatus,
  answerVersion,
} from "./discovery-routes.ts";
import { deleteImage, makeImage, readImage, readImageFile, search } from "./image-routes.ts";
import {
  abortParts,
  completeParts,
  completeWhole,
  startPart,
  startParts,
  startWhole,
  takeLegacy,
  takePart,
  takeWhole,
} from "./upload-routes.ts";

type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/** Every route of the door. */
const routes: ReadonlyArray<readonly [Method, string, LibraryHandler]> = [
  ["GET", "/assets/config/config.prod.json", answerConfig],
  ["GET", "/version", answerVersion],
  ["GET", "/v1/token-status", answerTokenStatus],
  ["GET", "/v1/rbac/users/current", answerCurrentUser],
  ["GET", "/v1/oci-redirect", answerNoRedirect],
  ["GET", "/v1/entities/*", readFolder],
  ["POST", "/v1/entities", makeFolder],
  ["GET", "/v1/collections/*", readFolder],
  ["POST", "/v1/collections", makeFolder],
  ["GET", "/v1/containers/*", readContainer],
  ["POST", "/v1/containers", makeContainer],
  ["GET", "/v1/images/*", readImage],
  ["POST", "/v1/images", makeImage],
  ["DELETE", "/v1/images/*", deleteImage],
  ["GET", "/v1/imagefile/*", readImageFile],
  ["HEAD", "/v1/imagefile/*", readImageFile],
  ["POST", "/v1/imagefile/:id", takeLegacy],
  ["GET", "/v1/search", search],
  ["GET", "/v1/tags/:id", readOldTags],
  ["POST", "/v1/tags/:id", writeOldTag],
  ["GET", "/v2/tags/:id", readTags],
  ["POST", "/v2/tags/:id", writeTag],
  ["POST", "/v2/imagefile/:id", startWhole],
  ["PUT", "/v2/imagefile/:id/_complete", completeWhole],
  ["POST", "/v2/imagefile/:id/_multipart", startParts],
  ["PUT", "/v2/imagefile/:id/_multipart", startPart],
  ["PUT", "/v2/imagefile/:id/_multipart_complete", completeParts],
  ["PUT", "/v2/imagefile/:id/_multipart_abort", abortParts],
  ["PUT", "/library/uploads/:id", takeWhole],
  ["PUT", "/library/uploads/:id/:part", takePart],
];

/**
 * The library API, for the stock client's `library://`, `search`, `delete`, `remote add`, `login` and `status`.
 * A Fastify plugin; images are streamed. What is pushed here is pulled by `oras://` too, and the other way round.
 * Source: container-library-client 1.4.10 and what Apptainer 1.4.5 was seen to send.
 */
export async function libraryDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => answerInEnvelope(error, request, reply));
  for (const [method, url, handler] of routes) addRoute(app, options, [method, url], handler);
}
