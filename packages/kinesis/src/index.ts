/**
 * Switchyard on Amazon Kinesis Data Streams.
 *
 * How the words map. A channel of model `stream` is one stream; a partition is a shard; the ordering key is the partition key. A
 * record has no headers, so its data is the message as structured CloudEvents JSON. A group is a set of workers that share the
 * shards through a lease table (`@switchyard/leases`) and keep one checkpoint a shard; an ack moves the checkpoint. Kinesis knows
 * no groups, except that a group on enhanced fan-out is a registered consumer. A retry happens in place, because a log takes
 * nothing back; a message whose attempts are used up is parked, skipped, or stops its key.
 *
 * What is guaranteed. `publish()` resolves when Kinesis has stored the record. Delivery is at least once; the messages of a key are
 * handled in the order they were published. After a crash a shard is read again from its checkpoint. A record is kept for the
 * stream's retention, handled or not.
 *
 * Limits. 1 MiB a record unless the stream allows more (10 MiB); 500 records and 10 MiB a put; keys of 1 to 256 characters; 1 MB/s
 * and 1,000 records/s into a shard; five reads a second from a shard, shared by all groups that poll. Most are in `limits.ts`.
 *
 * Configuration:
 *
 *     connections:
 *       clicks: { use: kinesis, region: eu-west-1 }
 *     channels:
 *       page-views: { model: stream, on: clicks, groups: { sessions: { concurrency: 50, maxInFlight: 500 } } }
 *     policies:
 *       default: { deadLetter: skip }
 */
import { adapter, type KinesisKeeps } from "./adapter.ts";
import type { KinesisOptions } from "./options.ts";

export { adapter, type KinesisKeeps };
export { isOfKinesis } from "./errors.ts";
export type { KinesisClientLike } from "./sdk.ts";
export type { LeaseOptions, LeaseStoreFactory } from "./lease-options.ts";
export type { KinesisOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { aws: kinesis({ region: "eu-west-1" }) }`. */
export function kinesis(options: KinesisOptions = {}): { readonly use: typeof adapter } & KinesisOptions {
  return { use: adapter, ...options };
}
