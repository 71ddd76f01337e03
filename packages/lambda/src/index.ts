/**
 * Switchyard on AWS Lambda: the same `consumer()` values, without a process of one's own.
 *
 *     // billing.lambda.ts
 *     import { lambda } from "@switchyard/lambda";
 *     export const handler = lambda({ channels: [orders], service: "billing", consumers: [billing(bank)] });
 *
 * The configuration says `runsOn: lambda` for the group. An event source mapping of the group's queue, or of the stream, invokes the function.
 * Attempts, retry delays, order, dead letters, expiry and events are core's, as in a process.
 *
 * What is guaranteed. A message that is done is never named in the answer, and one that is not done always is. Delivery is at least once.
 * Nothing outlives an invocation except a handler that ignores its signal. Whether the mapping reads the answer must be said: see
 * `native.lambda.answer`.
 */
export { lambda, type LambdaHandler, type LambdaOptions } from "./handler.ts";
export type { Answer } from "./answer.ts";
export type { LambdaContext } from "./event.ts";
