/** The names of a destination on the broker. They do not change after 1.0. */
import { Buffer } from "node:buffer";
import type { Destination, Located } from "@switchyard/core/driver";
import { MAX_NAME_BYTES, PARTITIONS } from "./limits.ts";
import type { ResolvedOptions } from "./options.ts";

/** The length of our longest suffix: `_retry_` with two times in milliseconds. */
const SUFFIX_BYTES = 30;

/** Dead letters are kept in one plain queue, whatever their source is, because they need no order. */
export const isOrdered = (of: Destination): boolean => of.ordered && of.dead !== true && of.model !== "stream";

/** The name of a queue, of the exchange in front of the partitions if order is kept, of a topic's exchange, or of a stream. */
export function addressOf(of: Destination): string {
  const shared = of.model === "stream" || (of.model === "pubsub" && of.group === undefined);
  return shared ? (of.baseAddress ?? of.base) : (of.address ?? of.name);
}

export const topicOf = (of: Destination): string => of.baseAddress ?? of.base;

/** How the queues of tails begin. */
export const tailPrefix = (of: Destination): string => `${topicOf(of)}_tail_`;

export const partitionsOf = (of: Destination): number => of.partitions ?? PARTITIONS;

/** The queues of an ordered destination or of a stream, in order. */
export const partitionQueues = (of: Destination): readonly string[] =>
  Array.from({ length: partitionsOf(of) }, (_, n) => partitionName(of, n));

/** The exchange that knows the partition of each bucket. Its name has the number of partitions, so its bindings never change. */
export const bucketsExchange = (of: Destination): string => `${addressOf(of)}_buckets_${partitionsOf(of)}`;

/** The exchange of messages without a bucket. */
export const restExchange = (of: Destination): string => `${addressOf(of)}_rest`;

export const partitionName = (of: Destination, n: number): string => `${addressOf(of)}_p${n}`;

/** An empty queue that each member of an ordered group consumes, so that the members can be counted. */
export const membersQueue = (of: Destination): string => `${addressOf(of)}_members`;

const LEASES_MISSING =
  'the groups of a stream need a store for leases and checkpoints: set leases on the connection, to "memory" for a single process or tests, or in code to a store (postgresLeases of @switchyard/leases/postgres)';

export function locate(of: Destination, options: Pick<ResolvedOptions, "leases">): Located {
  const address = addressOf(of);
  if (of.model === "stream" && of.group !== undefined && options.leases === undefined)
    return { address, problem: LEASES_MISSING };
  const bytes = Buffer.byteLength(address) + SUFFIX_BYTES;
  if (bytes > MAX_NAME_BYTES) {
    return {
      address,
      problem: `"${address}" is too long: with its suffix RabbitMQ's names have at most ${MAX_NAME_BYTES} bytes`,
    };
  }
  if (address.startsWith("amq."))
    return { address, problem: `"${address}": names that start with amq. are reserved by RabbitMQ` };
  if (/[\r\n]/.test(address)) return { address, problem: `"${address}" holds a line end` };
  const parted = isOrdered(of) ? of.model === "queue" || of.group !== undefined : of.model === "stream";
  return parted ? { address, partitionNames: partitionQueues(of) } : { address };
}

/** The first part of the delay queues' names: `prefix` of `prefix_channel`, unless the connection's `delays` says otherwise. */
export function delaysOf(of: Destination, options: Pick<ResolvedOptions, "delays">): string {
  const end = of.base.indexOf("_");
  return options.delays ?? (end > 0 ? of.base.slice(0, end) : of.base);
}
