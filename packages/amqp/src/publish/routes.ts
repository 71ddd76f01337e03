/** The exchange and the routing key of a destination's messages. */
import { createHash } from "node:crypto";
import type { Destination, WireMessage } from "@switchyard/core/driver";
import { routingKeyOf, secondKeyOf } from "../buckets.ts";
import { KEY_HEADER } from "../message/cloud-events.ts";
import { addressOf, isOrdered, partitionQueues, topicOf } from "../names.ts";

type Headers = Readonly<Record<string, unknown>>;

export interface Route {
  readonly exchange: string;
  /** `headers` are those that are sent with the message. */
  key(message: WireMessage, headers: Headers): string;
  /** The bucket as the value of a header, if it is the second routing key, because the first one is the type. */
  secondKey?(message: WireMessage, headers: Headers): readonly string[] | undefined;
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
      ...(isOrdered(of)
        ? { secondKey: (message: WireMessage, headers: Headers) => secondKeyOf(orderingKeyOf(message, headers)) }
        : {}),
      mandatory: false,
      groupsDelay: true,
      checks: { exchange },
    };
  }
  const address = addressOf(of);
  if (isOrdered(of)) {
    return {
      exchange: address,
      key: (message, headers) => routingKeyOf(orderingKeyOf(message, headers)),
      mandatory: true,
      checks: { exchange: address },
    };
  }
  return { exchange: "", key: () => address, mandatory: true, checks: { queue: address } };
}

/** The key of a redriven message is among its attributes only. */
const orderingKeyOf = ({ key }: WireMessage, headers: Headers): string | undefined => {
  const attribute = key ?? headers[KEY_HEADER];
  return typeof attribute === "string" ? attribute : undefined;
};

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
