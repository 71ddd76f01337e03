/**
 * Switchyard on AWS as one connection.
 *
 * The model of a channel decides which service carries it: `queue` is SQS, `pubsub` is SNS with a queue of SQS for each group, and
 * `stream` is Kinesis, whose dead letters are queues of SQS. Guarantees and limits are those of `@switchyard/sqs`,
 * `@switchyard/sns` and `@switchyard/kinesis`; the documentation at the top of each tells them.
 *
 * Configuration:
 *
 *     connections:
 *       aws: { use: aws, region: eu-west-1, kinesis: { fanOut: true } }
 *     channels:
 *       orders: { model: pubsub, on: aws, groups: { billing: {}, shipping: {} } }
 *       video-uploads: { model: queue, on: aws, groups: { encoder: {} } }
 */
import { adapter, type AwsKeeps } from "./adapter.ts";
import type { AwsOptions } from "./options.ts";

export { adapter, type AwsKeeps };
export type { AwsOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: aws({ region: "eu-west-1" }) }`. */
export function aws(options: AwsOptions = {}): { readonly use: typeof adapter } & AwsOptions {
  return { use: adapter, ...options };
}
