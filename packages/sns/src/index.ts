/**
 * Switchyard on Amazon SNS and SQS.
 *
 * How the words map. A channel of model `pubsub` is one topic; each of its groups is one SQS queue with a raw subscription to the
 * topic. Both are FIFO where the channel declares an ordering key, which is the message group id. Everything after the topic is
 * SQS: holds, attempts, retries and dead letters are those of `@switchyard/sqs`.
 *
 * What is guaranteed. `publish()` resolves when SNS has stored the message. Each group gets each message at least once. What SNS
 * cannot deliver to a group's queue goes to the group's dead letters. A topic without groups accepts messages, and they are gone.
 *
 * Limits. 1 MiB for body and attributes (256 KiB where a topic is to have more than 100 subscriptions); 10 attributes with `type`;
 * 10 messages a batch; no delay of a message; 150 values in a filter. All of them are in `limits.ts`.
 *
 * Configuration:
 *
 *     connections:
 *       events: { use: sns, region: eu-west-1 }
 *     channels:
 *       orders: { model: pubsub, on: events, groups: { billing: { concurrency: 20 }, shipping: {} } }
 */
import { adapter, type SnsKeeps } from "./adapter.ts";
import type { SnsOptions } from "./options.ts";

export { adapter, type SnsKeeps };
export { confirmSubscription } from "./confirm.ts";
export type { SnsClientLike } from "./sdk.ts";
export type { SnsOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: sns({ region: "eu-west-1" }) }`. */
export function sns(options: SnsOptions = {}): { readonly use: typeof adapter } & SnsOptions {
  return { use: adapter, ...options };
}
