import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import { readCatalogue, readCatalogueEntry } from "../../service/catalogue.ts";
import { describeRepository } from "../../service/describe-repository.ts";
import { findRepository, openRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { addressOf, identityOf, queryOf, readJson, takeBodiesUnread } from "../http/request.ts";
import { answerInEnvelope } from "../library/call.ts";
import { cataloguePageHeaders, listPage, repositoryPage } from "./catalogue-page.ts";

const defaultPage = 100;
const largestPage = 1000;
const Texts = z.strictObject({ description: z.string().optional(), readme: z.string().optional() });

/**
 * What the registry holds: `/catalogue.json` in pages (`n`, `last`) or by words (`q`), and `/catalogue/NAME`; for
 * browsers the same as pages at `/catalogue` and `/catalogue/NAME`. PATCH of the latter says what a repository is for.
 * Shows what one may pull. A Fastify plugin.
 */
export async function catalogueDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => {
    // a browser asks its user then
    if (wantsPage(request)) void reply.header("www-authenticate", 'Basic realm="registry"');
    return answerInEnvelope(error, request, reply);
  });
  app.get("/catalogue.json", async (request, reply) => reply.send(await readPage(options, request, "/catalogue.json")));
  app.get("/catalogue", async (request, reply) => {
    const { repositories, next } = await readPage(options, request, "catalogue");
    const words = queryOf(request).get("q") ?? "";
    return reply.headers(cataloguePageHeaders).send(listPage(repositories, { words, next }));
  });
  app.get("/catalogue/*", async (request, reply) => {
    const identity = await identityOf(options, request);
    const repository = await openRepository(options.registry, identity, nameIn(request), "pull");
    const entry = await readCatalogueEntry(options.registry, repository);
    if (!wantsPage(request)) return reply.header("vary", "accept, authorization").send(entry);
    return reply.headers(cataloguePageHeaders).send(repositoryPage(entry, addressOf(options, request)));
  });
  app.patch("/catalogue/*", async (request, reply) => {
    const identity = await identityOf(options, request);
    const name = nameIn(request);
    // not for push: that would make it
    const isThere = (await findRepository(options.registry, identity, name, "push")) !== undefined;
    const { description, readme } = await readJson(request, Texts);
    const texts = { ...(description !== undefined && { description }), ...(readme !== undefined && { readme }) };
    if (!isThere || !(await describeRepository(options.registry, name, texts))) {
      throw refuse("name-unknown", `there is no repository "${name}"`);
    }
    return reply.code(204).send();
  });
}

async function readPage(
  options: DoorOptions,
  request: FastifyRequest,
  path: string,
): Promise<{ readonly repositories: Awaited<ReturnType<typeof readCatalogue>>; readonly next?: string }> {
  const identity = await identityOf(options, request);
  const query = queryOf(request);
  const [count, after, words] = [query.get("n"), query.get("last"), query.get("q")];
  if (count !== null && !/^[1-9]\d{0,8}$/.test(count)) throw refuse("request-invalid", `n="${count}" is no count`);
  const limit = Math.min(count === null ? defaultPage : Number(count), largestPage);
  const hasWords = words !== null && (words !== "" || path.endsWith(".json"));
  const repositories = await readCatalogue(options.registry, identity, {
    limit,
    ...(after !== null && { after }),
    ...(hasWords && { words }),
  });
  const last = repositories.at(-1)?.name;
  const isMore = !hasWords && repositories.length === limit && last !== undefined;
  return { repositories, ...(isMore && { next: `${path}?n=${limit}&last=${last}` }) };
}

function nameIn(request: FastifyRequest): string {
  const { "*": name } = request.params as { readonly "*": string }; // the routes' only parameter
  return name.toLowerCase();
}

/** Browsers say first that they take HTML; programs take anything, or JSON. */
function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes("text/html") === true;
}
