/**
 * Switchyard in memory: queues, pub/sub and streams within this process, for tests and for the laptop.
 *
 * How the words map. The broker here has exactly what the contract has: queues with holds, attempts and order per key; topics with
 * a queue for each group; logs with partitions, leases and checkpoints. It is the reference of the contract. With a
 * `profile` it behaves and limits as SQS, SNS, Kinesis or RabbitMQ does.
 *
 * What is guaranteed. `publish()` resolves when the broker has the message; nothing survives the process. Delivery is at least
 * once, and the order of each key is kept where a channel declares an ordering key.
 *
 * Limits. 16 MiB a message (`maxMessageBytes`), 1,000 messages a batch, delays of up to 7 days, 14 days of retention; with a
 * profile those of its broker.
 *
 * Configuration. Where the package is installed, every configuration has a connection named `memory`:
 *
 *     channels:
 *       video-uploads: { model: queue, on: memory, groups: { encoder: {} } }
 *
 * Two `connect()`s are isolated unless their connections name the same broker:
 *
 *     connections:
 *       local: { use: memory, broker: shared }
 */
export { adapter, memory } from "./adapter.ts";
export type { MemoryOptions } from "./options.ts";
