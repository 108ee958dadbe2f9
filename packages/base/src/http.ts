export { networkFailure, type NetworkFailure } from "./http/network-failure.ts";
export { discardBody, headerOf, readCapped, type HttpAnswer } from "./http/http-answer.ts";
export { defaultRetryPolicy, retry, type RetryPolicy } from "./http/retry.ts";
export { parseRetryAfter } from "./http/retry-after.ts";
export { openTransport, type HttpQuestion, type NetworkOptions, type Transport } from "./http/transport.ts";
