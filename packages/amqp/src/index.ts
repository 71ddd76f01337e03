/**
 * Switchyard on RabbitMQ, over AMQP 0-9-1 and the client library amqplib.
 *
 * How the words map. A channel of model `queue` is one quorum queue. A channel of model `pubsub` is a topic exchange, with a quorum queue
 * for each group; the message's type is the routing key, and a group that handles some types is bound to those. A channel of model
 * `stream` is one stream for each partition; each group's positions are kept in the lease store that the connection's `leases` names.
 * Where a channel declares an ordering key, the publisher sends the key's bucket, bindings lead each of the 256 buckets to one of
 * `partitions` quorum queues, and each of these has a single active consumer. A message travels as its body with a header for each attribute of its envelope (`cloudEvents_id`
 * and so on), and its own headers as headers. A hold is a delivery that is not settled yet: it ends with its channel, or after the
 * broker's `consumer_timeout`, and nothing extends it. An ack acknowledges it, a release gives it back, and a retry publishes a copy
 * that comes back through the delay queues. An attempt is a failure, which the copy counts; releases do not count. Dead letters are a
 * quorum queue of their own, which is also the queue's dead-letter target for consumers that crash again and again.
 *
 * What is guaranteed. `publish()` resolves when the broker has confirmed the message. Delivery is at least once. A queue with an ordering
 * key and a stream keep the order of each key; other queues keep none.
 *
 * Limits. 16 MiB for a message, or the broker's `max_message_size`; 64 KiB for its headers; 7 days of delay, none with an ordering key
 * or on a stream; 30 minutes for a hold, or the broker's `consumer_timeout`. All of them are in `limits.ts`.
 *
 * Configuration:
 *
 *     connections:
 *       rabbit: { use: amqp, url: "amqps://user:password@host/vhost" }
 *     channels:
 *       video-uploads: { model: queue, on: rabbit, groups: { encoder: { concurrency: 4 } } }
 */
import { adapter, type AmqpKeeps } from "./adapter.ts";
import type { AmqpOptions } from "./options.ts";

export { adapter, type AmqpKeeps };
export type { AmqpConnect, AmqpModel } from "./sdk.ts";
export type { AmqpOptions } from "./options.ts";

/** A connection for `defineConfig`, or for a bundler that must see the adapter: `connections: { rabbit: amqp({ url: "amqps://..." }) }`. */
export function amqp(options: AmqpOptions): { readonly use: typeof adapter } & AmqpOptions {
  return { use: adapter, ...options };
}
