import type { FastifyInstance } from "fastify";
import { readCatalogue, readCatalogueEntry } from "../../service/catalogue.ts";
import { openRepository } from "../../service/open-repository.ts";
import { refuse } from "../../service/refusal.ts";
import type { DoorOptions } from "../http/door-options.ts";
import { identityOf, queryOf, takeBodiesUnread } from "../http/request.ts";
import { answerInEnvelope } from "../library/call.ts";

const defaultPage = 100;
const largestPage = 1000;

/**
 * What the registry holds, as JSON: `/catalogue.json` in pages (`n`, `last`) or by words (`q`), and
 * `/catalogue/NAME`. Shows what one may pull. A Fastify plugin.
 */
export async function catalogueDoor(app: FastifyInstance, options: DoorOptions): Promise<void> {
  takeBodiesUnread(app);
  app.setErrorHandler((error, request, reply) => answerInEnvelope(error, request, reply));
  app.get("/catalogue.json", async (request, reply) => {
    const identity = await identityOf(options, request);
    const query = queryOf(request);
    const [count, after, words] = [query.get("n"), query.get("last"), query.get("q")];
    if (count !== null && !/^[1-9]\d{0,8}$/.test(count)) throw refuse("request-invalid", `n="${count}" is no count`);
    const limit = Math.min(count === null ? defaultPage : Number(count), largestPage);
    const repositories = await readCatalogue(options.registry, identity, {
      limit,
      ...(after !== null && { after }),
      ...(words !== null && { words }),
    });
    const last = repositories.at(-1)?.name;
    const isMore = words === null && repositories.length === limit && last !== undefined;
    return reply.send({ repositories, ...(isMore && { next: `/catalogue.json?n=${limit}&last=${last}` }) });
  });
  app.get("/catalogue/*", async (request, reply) => {
    const { "*": name } = request.params as { readonly "*": string }; // the route's only parameter
    const identity = await identityOf(options, request);
    const repository = await openRepository(options.registry, identity, name.toLowerCase(), "pull");
    return reply.send(await readCatalogueEntry(options.registry, repository));
  });
}
