import {
  headerOf,
  type HttpAnswer,
  type HttpQuestion,
  type RetryPolicy,
  type Transport,
} from "@repo2singularity/base/http";
import { createAuthorizer } from "../auth/authorizer.ts";
import type { CredentialSource } from "../auth/credentials.ts";
import { statusError } from "../http/errors.ts";
import { parseWwwAuthenticate } from "../http/www-authenticate.ts";

/** A repository, and by what means it is asked. */
export interface RepositoryOptions {
  readonly transport: Transport;
  /** As in references; finds the credentials. */
  readonly host: string;
  /** Where the host's registry answers, such as `https://registry-1.docker.io`. */
  readonly baseUrl: string;
  readonly repository: string;
  readonly credentials: CredentialSource;
  readonly retryPolicy?: RetryPolicy;
}

/** Asks one repository of one registry, with the token that it wants. */
export interface RepositoryHttp {
  /** `https://HOST/v2/REPOSITORY`. */
  readonly root: string;
  /**
   * Asks once, and a second time with a fresh token when the registry wants one.
   * @param path below the root, or an address that the registry gave (an upload's)
   * @returns any answer but 401
   * @throws E_REGISTRY_AUTH when there is no login or it is refused
   */
  ask(path: string, question?: HttpQuestion): Promise<HttpAnswer>;
}

/** Creates the way to a repository; it holds nothing but a token. */
export function createRepositoryHttp(options: RepositoryOptions): RepositoryHttp {
  const authorizer = createAuthorizer(options);
  const root = `${options.baseUrl.replace(/\/+$/, "")}/v2/${options.repository}`;
  return {
    root,
    ask: async (path, question = {}) => {
      const url = new URL(path, `${root}/`);
      // an upload may go straight to another's storage, which must not see the token
      const isOwn = url.origin === new URL(root).origin;
      const ask = (authorization: string | undefined): Promise<HttpAnswer> => {
        const headers = { ...question.headers, ...(isOwn && authorization !== undefined && { authorization }) };
        return options.transport.ask(url.toString(), { ...question, headers });
      };
      const answer = await ask(authorizer.current());
      if (answer.statusCode !== 401) return answer;
      const challenges = parseWwwAuthenticate(headerOf(answer, "www-authenticate") ?? "");
      if (challenges.length === 0 || !isOwn) throw await statusError(answer);
      answer.body.resume();
      const second = await ask(await authorizer.answer(challenges, question.signal));
      if (second.statusCode === 401) throw await statusError(second);
      return second;
    },
  };
}
