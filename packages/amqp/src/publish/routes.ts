/** The exchange and the routing key of a destination's messages. */
import { createHash } from "node:crypto";
import type { Destination, WireMessage } from "@switchyard/core/driver";
import { routingKeyOf } from "../buckets.ts";
import { addressOf, isOrdered, partitionQueues, topicOf } from "../names.ts";

export interface Route {
  readonly exchange: string;
  /** `orderingKey` is absent of a message without one. */
  key(message: WireMessage, orderingKey: string | undefined): string;
  /** True if the bucket of a message is its second routing key, because the first one is its type. */
  readonly secondKey?: boolean;
  /** True if each message must reach a queue: one that reaches none comes back. A topic may have no groups. */
  readonly mandatory: boolean;
  /** On a topic, each group holds a delayed message back itself, in the delay queues. */
  readonly groupsDelay?: boolean;
  /** The queue, or the exchange, that must exist. */
  readonly checks: { readonly queue?: string; readonly exchange?: string };
}

export function routeOf(of: Destination, random: () => number): Route {
  if (of.model === "stream") return streamRoute(of, random);
  if (of.model === "pubsub" && of.group === undefined) {
    const exchange = topicOf(of);
    return {
      exchange,
      key: (message) => shortKey(message.type ?? ""),
      ...(isOrdered(of) ? { secondKey: true } : {}),
      mandatory: false,
      groupsDelay: true,
      checks: { exchange },
    };
  }
  const address = addressOf(of);
  if (isOrdered(of)) {
    return {
      exchange: address,
      key: (_message, orderingKey) => routingKeyOf(orderingKey),
      mandatory: true,
      checks: { exchange: address },
    };
  }
  return { exchange: "", key: () => address, mandatory: true, checks: { queue: address } };
}

/** A routing key is a short string. A type that is too long for one cannot be filtered for. */
const shortKey = (type: string): string => (Buffer.byteLength(type) > 255 ? "" : type);

function streamRoute(of: Destination, random: () => number): Route {
  const queues = partitionQueues(of);
  const key = (message: WireMessage): string =>
    queues[
      message.key === undefined ? Math.floor(random() * queues.length) : partitionFor(message.key, queues.length)
    ]!;
  return { exchange: "", key, mandatory: true, checks: { queue: queues[0]! } };
}

/** This never changes, because the order of a key depends on it. */
export function partitionFor(key: string, partitions: number): number {
  return createHash("sha256").update(key).digest().readUInt32BE(0) % partitions;
}
